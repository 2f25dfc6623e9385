import type { LinkingControl } from "../linking-control.ts";
import { waitingClients } from "../pair.ts";
import { notifyEarly } from "../pairing/early-notices.ts";
import { stanza } from "../wire/stanza.ts";
import type { World } from "../world.ts";

/** What WhatsApp does to clients that wait to be linked. */
export function linkingControl(world: World): LinkingControl {
  return {
    async rotateQr({ form = "companion_reg_refresh" } = {}) {
      const clients = waitingClients(world);
      for (const { connection, pairing } of clients) {
        pairing.retiredBy = notifyEarly(world, connection, { type: "companion_reg_refresh", content: [stanza(form)] });
      }
      return { told: clients.length };
    },
  };
}
