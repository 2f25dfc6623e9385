import type { LinkingControl } from "../linking-control.ts";
import { codeRequest, waitingClients } from "../pair.ts";
import { notifyEarly } from "../pairing/early-notices.ts";
import { serverJid, stanza } from "../wire/stanza.ts";
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
    async clientExpiration({ at }) {
      const online = [...world.connections].filter(({ companion }) => companion !== undefined);
      for (const connection of online) {
        connection.send(stanza("ib", { from: serverJid }, [stanza("client_expiration", { t: at })]));
      }
      return { told: online.length };
    },
    async refreshCode({ number, manual }) {
      const { connection, link } = codeRequest(world, number);
      link.isOver = true;
      const attrs = { stage: "refresh_code", ...(manual === true && { force_manual_refresh: "true" }) };
      const child = stanza("link_code_companion_reg", attrs, [stanza("link_code_pairing_ref", {}, link.ref)]);
      notifyEarly(world, connection, { type: "link_code_companion_reg", content: [child] });
    },
  };
}
