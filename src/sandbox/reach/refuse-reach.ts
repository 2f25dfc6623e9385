import type { ClientMessage } from "../chat-kind.ts";
import type { Person } from "../person.ts";
import type { World } from "../world.ts";
import { isGood, remember } from "./reach.ts";
import { tellQuota } from "./tell-reach.ts";
import { carriedToken, heldKey } from "./tokens.ts";

/** WhatsApp protocol: the account may not begin this chat, or the message lacks the token that it should carry. */
const locked = 463;
/** WhatsApp protocol: the account has begun as many chats as it may in this cycle. */
const capped = 475;
/** Who tries again within this time makes it worse. */
const patienceMs = 60_000;

/**
 * The error that a message to one person is refused with: it is for a stranger while the account may not begin chats, or
 * it lacks the token that this device is known to have. Undefined when it may pass.
 */
export function refuseReach(world: World, message: ClientMessage): number | undefined {
  const { from, to, node } = message;
  const account = from.person;
  if (node.attrs["category"] === "peer") return undefined;
  const person = world.directory.identify(to) === undefined ? undefined : world.directory.find(to);
  if (person === undefined || person === account) return undefined;
  const hasToken = carriesToken(world, account, { person, node });
  const code = lacksToken(world, message, { person, hasToken })
    ? locked
    : hasToken
      ? undefined
      : strangerRefusal(world, account, person);
  if (code !== undefined) count(world, message, { person, code });
  return code;
}

/** Whether this person wrote to the account, as far as anybody remembers. */
function hasWritten(account: Person, person: Person): boolean {
  const { number } = person;
  const { writers } = account.reach;
  if (writers.has(number)) return true;
  const wrote = account.memory.list().some(({ chat, author }) => chat === number && author === number);
  if (wrote) remember(writers, number, true);
  return wrote;
}

function carriesToken(
  world: World,
  account: Person,
  { person, node }: { readonly person: Person } & Pick<ClientMessage, "node">,
): boolean {
  const given = account.reach.tokens.get(person.number);
  const carried = carriedToken(node);
  if (given === undefined || carried === undefined) return false;
  return isGood(given.t, world.seconds()) && Buffer.compare(given.bytes, carried) === 0;
}

/** Whether the device has a good token of this person and left it out; what it has may be older than the newest. */
function lacksToken(
  world: World,
  { from, node }: ClientMessage,
  { person, hasToken }: { readonly person: Person; readonly hasToken: boolean },
): boolean {
  if (world.behaviour.tctoken === "ignored" || hasToken || carriedToken(node) !== undefined) return false;
  const held = from.person.reach.held.get(heldKey(from.id, person.number));
  return held !== undefined && isGood(held, world.seconds());
}

/** What a lock or a quota says to a message without a token, which is nothing when the person has written before. */
function strangerRefusal(world: World, account: Person, person: Person): number | undefined {
  const now = world.options.clock.now();
  const { reach } = account;
  const { lock, quota } = reach;
  const isLocked = lock !== undefined && (lock.until ?? Number.POSITIVE_INFINITY) > now;
  const counts = quota !== undefined && quota.endsAt > now && !reach.begun.has(person.number);
  if ((!isLocked && !counts) || hasWritten(account, person)) return undefined;
  if (isLocked) return locked;
  if (quota === undefined || quota.used >= quota.total) return capped;
  remember(reach.begun, person.number, true);
  reach.quota = { ...quota, used: quota.used + 1 };
  world.changed();
  tellQuota(world, account);
  return undefined;
}

function count(
  world: World,
  { from, id }: ClientMessage,
  { person, code }: { readonly person: Person; readonly code: number },
): void {
  const { refused } = from.person.reach;
  const now = world.options.clock.now();
  const before = refused.get(person.number);
  remember(refused, person.number, now);
  if (before === undefined || now - before >= patienceMs) return;
  world.trace.refusal(
    "reach-out",
    `${from.person.number} tried ${person.number} again ${now - before} ms after a refusal (${code}, message ${id})`,
  );
}
