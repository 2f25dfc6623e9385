import type { BinaryNode } from "@whiskeysockets/baileys";
import { refusal } from "./disconnect.ts";
import type { Person } from "./person.ts";
import type { World } from "./world.ts";

/** What every login of an account is answered with, until it is lifted or over. */
export interface AccountRefusal {
  /** WhatsApp protocol: `reason` of the `<failure>`: 402 restricted, 403 locked, 405 version, 406 banned… */
  readonly reason: number;
  /** Further attributes of the `<failure>`. */
  readonly attrs: Readonly<Record<string, string>>;
  /** Epoch milliseconds; `expire` then says how many seconds are left. */
  readonly until?: number;
}

/** What a login of this account is refused with now; undefined lets it in. One that is over is forgotten. */
export function refusalNow(world: World, person: Person): BinaryNode | undefined {
  const { account } = person;
  const refused = account?.refusal;
  if (account === undefined || refused === undefined) return undefined;
  const { reason, attrs, until } = refused;
  const leftMs = until === undefined ? undefined : until - world.options.clock.now();
  if (leftMs !== undefined && leftMs <= 0) {
    account.refusal = undefined;
    world.changed();
    return undefined;
  }
  return refusal(reason, { ...(leftMs !== undefined && { expire: String(Math.ceil(leftMs / 1000)) }), ...attrs });
}

/** WhatsApp protocol: what an account that was locked for flooding is told. */
export const floodLock: AccountRefusal = { reason: 403, attrs: { location: "vll" } };

/** From now on its logins are refused with this; everybody of the account who is online is told, and sent away. */
export function refuseLogins(world: World, person: Person, refused: AccountRefusal): void {
  const { account, companions } = person;
  if (account === undefined) return;
  account.refusal = refused;
  world.changed();
  for (const { connection } of companions.values()) connection?.close(refusalNow(world, person));
}
