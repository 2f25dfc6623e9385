import { recipientJid } from "../jid.ts";
import type { Person } from "../person.ts";
import type { ReachControl, ReachInfo } from "../reach/reach-control.ts";
import { tellLock, tellQuota } from "../reach/tell-reach.ts";
import { giveToken } from "../reach/tokens.ts";
import { SandboxError } from "../sandbox-error.ts";
import type { World } from "../world.ts";
import { personOnWhatsApp, requireAccount } from "./sends.ts";

const monthSeconds = 30 * 24 * 60 * 60;
/** Longest that a timer waits; a lock that lasts longer ends by its time all the same, unannounced. */
const maxTimerMs = 2 ** 31 - 1;

/** Restrictions of accounts, and the tokens that get around them. */
export function reachControl(world: World): ReachControl {
  const { clock } = world.options;
  return {
    async restrict({ number, until, seconds, kind = "WEB_COMPANION_ONLY" }) {
      const person = requireAccount(world, number);
      if (until !== undefined && seconds !== undefined)
        throw new SandboxError("invalid", "say until or seconds, not both");
      const end = seconds === undefined ? until : clock.now() + seconds * 1000;
      const lock = { kind, ...(end !== undefined && { until: end }) };
      person.reach.lock = lock;
      world.changed();
      tellLock(world, person);
      const waitMs = end === undefined ? maxTimerMs + 1 : end - clock.now();
      if (waitMs <= maxTimerMs) {
        world.later(waitMs, () => {
          if (person.reach.lock === lock) lift(world, person);
        });
      }
      return infoOf(person);
    },
    async release({ number }) {
      const person = requireAccount(world, number);
      lift(world, person);
      return infoOf(person);
    },
    async newChats({ number, total, used = 0, cycleSeconds = monthSeconds }) {
      const person = requireAccount(world, number);
      const now = clock.now();
      person.reach.begun.clear();
      person.reach.quota = { total, used, startedAt: now, endsAt: now + cycleSeconds * 1000 };
      world.changed();
      tellQuota(world, person);
      return infoOf(person);
    },
    async giveToken({ number, to }) {
      const identity = world.directory.identify(recipientJid(to));
      giveToken(world, personOnWhatsApp(world, number), requireAccount(world, identity?.number ?? to));
    },
  };
}

function lift(world: World, person: Person): void {
  person.reach.lock = undefined;
  world.changed();
  tellLock(world, person);
}

function infoOf({ number, reach: { lock, quota } }: Person): ReachInfo {
  return {
    number,
    ...(lock !== undefined && { lock }),
    ...(quota !== undefined && { quota: { total: quota.total, used: quota.used, endsAt: quota.endsAt } }),
  };
}
