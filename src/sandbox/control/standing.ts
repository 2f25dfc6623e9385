import { SandboxError } from "../sandbox-error.ts";
import { sendAway } from "../standing.ts";
import type { StandingControl } from "../standing-control.ts";
import type { World } from "../world.ts";
import { requireAccount } from "./sends.ts";

/** How an account stands with WhatsApp. */
export function standingControl(world: World): StandingControl {
  return {
    async refuse({ number, reason, attrs = {}, until }) {
      const { account, companions } = requireAccount(world, number);
      if (account === undefined) throw new SandboxError("not_found", `${number} has no phone`);
      account.refusal = { reason, attrs, ...(until !== undefined && { until }) };
      world.changed();
      sendAway(world, companions.values());
    },
    async pardon({ number }) {
      const { account } = requireAccount(world, number);
      if (account !== undefined) {
        account.refusal = undefined;
        account.isLocked = false;
      }
      world.changed();
    },
  };
}
