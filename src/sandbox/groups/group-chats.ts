import type { ChatKind, ClientMessage } from "../chat-kind.ts";
import type { Person } from "../person.ts";
import { SandboxError } from "../sandbox-error.ts";
import type { World } from "../world.ts";
import { deliverInCircle } from "./circle-delivery.ts";
import type { CirclePoster } from "./circle-post.ts";
import { relayCircleReceipt, retryInCircle } from "./circle-receipts.ts";
import { originIn } from "./circle.ts";
import { lockAccount } from "./group-throttle.ts";
import { isAdmin, type Group } from "./group.ts";
import type { GroupStore } from "./group-store.ts";

/** Chats in groups. */
export function groupChats(world: World, groups: GroupStore, poster: CirclePoster): ChatKind {
  const readersOf = (group: Group): readonly Person[] =>
    [...group.members.keys()].map((number) => world.directory.person(number));
  return {
    accepts: (jid) => jid.endsWith("@g.us"),
    refuse: (message) => refusal(groups.get(message.to), message),
    async deliver(message) {
      const circle = groups.get(message.to);
      if (circle === undefined) return;
      const { from, id, node } = message;
      const copies = { id, toOne: node.attrs["participant"] !== undefined, members: circle.members.size };
      if (world.throttle.count(from.person, copies) > world.behaviour.groupThrottle) {
        return lockAccount(world, from.person);
      }
      await deliverInCircle(world, { circle, readers: readersOf(circle) }, message);
    },
    async receipt(receipt) {
      const circle = groups.get(receipt.to);
      if (circle !== undefined) relayCircleReceipt(world, circle, receipt);
    },
    async retry(request) {
      const circle = groups.get(request.to);
      if (circle?.members.has(request.from.person.number) === true) await retryInCircle(world, circle, request);
    },
    async post(post, signal) {
      const { sender, to } = post;
      const circle = groups.get(to);
      if (circle === undefined) throw new SandboxError("not_found", `there is no group ${to}`);
      if (!circle.members.has(sender.number)) {
        throw new SandboxError("refused", `${sender.number} is not in ${to}`);
      }
      if (circle.announce && !isAdmin(circle, sender.number)) {
        throw new SandboxError("refused", `only admins write in ${to}`);
      }
      return poster.post({ circle, readers: readersOf(circle) }, post, signal);
    },
    audience(jid) {
      const group = groups.get(jid);
      return group === undefined ? [] : readersOf(group).flatMap(({ companions }) => [...companions.values()]);
    },
    members(jid) {
      const group = groups.get(jid);
      return group && { people: readersOf(group), addressing: group.addressing };
    },
    origin(jid, person) {
      const group = groups.get(jid);
      return group === undefined ? { from: jid } : originIn(group, person);
    },
  };
}

/** WhatsApp protocol: codes by which the server refuses a message to a group. */
const refused = { outside: 403, noAdmin: 403, unknown: 404, staleAddressing: 421 };

function refusal(group: Group | undefined, { from, node }: ClientMessage): number | undefined {
  const { number } = from.person;
  if (group === undefined) return refused.unknown;
  if (!group.members.has(number)) return refused.outside;
  if (group.announce && !isAdmin(group, number)) return refused.noAdmin;
  const { addressing_mode: mode = group.addressing } = node.attrs;
  return mode === group.addressing ? undefined : refused.staleAddressing;
}
