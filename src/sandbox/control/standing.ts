import { SandboxError } from "../sandbox-error.ts";
import { refuseLogins } from "../standing.ts";
import type { StandingControl } from "../standing-control.ts";
import type { World } from "../world.ts";
import { requireAccount } from "./sends.ts";

/** How an account stands with WhatsApp. */
export function standingControl(world: World): StandingControl {
  return {
    async refuse({ number, reason, attrs = {}, until }) {
      const person = requireAccount(world, number);
      if (person.account === undefined) throw new SandboxError("not_found", `${number} has no phone`);
      refuseLogins(world, person, { reason, attrs, ...(until !== undefined && { until }) });
    },
    async pardon({ number }) {
      const { account } = requireAccount(world, number);
      if (account !== undefined) account.refusal = undefined;
      world.changed();
    },
  };
}
