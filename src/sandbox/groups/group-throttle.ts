import type { Clock } from "#lib/clock.ts";
import { setBounded } from "../bounded.ts";
import type { Person } from "../person.ts";
import { floodLock, refuseLogins } from "../standing.ts";
import type { World } from "../world.ts";

/** Counts what accounts send to groups under one id, as the server does before it locks an account. */
export interface GroupThrottle {
  /** Somebody asked this account for this message again. */
  asked(account: Person, messageId: string): void;
  /**
   * How many copies this account has sent of this message within the last minute, this one included. What goes to one
   * device counts once; the answer to a request that goes to the whole group counts once for every member.
   */
  count(account: Person, message: { readonly id: string; readonly toOne: boolean; readonly members: number }): number;
  clear(): void;
}

interface Counted {
  asked: boolean;
  copies: { readonly at: number; readonly weight: number }[];
}

const windowMs = 60_000;
/** Messages that are counted; the oldest are forgotten. */
const maxMessages = 2_000;
/** Copies that are counted of one message; there is no higher limit than this. */
const maxCopies = 10_000;

/** A throttle that has counted nothing yet. */
export function createGroupThrottle(clock: Clock): GroupThrottle {
  const messages = new Map<string, Counted>();
  const countedOf = ({ number }: Person, id: string): Counted => {
    const key = `${number} ${id}`;
    const counted = messages.get(key) ?? { asked: false, copies: [] };
    if (!messages.has(key)) setBounded(messages, { key, value: counted }, maxMessages);
    return counted;
  };
  return {
    asked(account, messageId) {
      countedOf(account, messageId).asked = true;
    },
    count(account, { id, toOne, members }) {
      const counted = countedOf(account, id);
      const now = clock.now();
      const weight = toOne || !counted.asked ? 1 : members;
      counted.copies = [...counted.copies.filter(({ at }) => now - at < windowMs), { at: now, weight }].slice(
        -maxCopies,
      );
      return counted.copies.reduce((sum, copy) => sum + copy.weight, 0);
    },
    clear: () => messages.clear(),
  };
}

/**
 * WhatsApp protocol: an account that floods is locked. Its devices are told so at once, and at every login from then on.
 */
export function lockAccount(world: World, person: Person): void {
  if (person.account === undefined) return;
  world.trace.refusal("flood", `${person.number} is locked: too many copies of one group message`);
  refuseLogins(world, person, floodLock);
}
