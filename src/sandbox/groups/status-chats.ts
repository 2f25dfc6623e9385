import type { ChatKind } from "../chat-kind.ts";
import { misaddressedPost } from "../messages/addressing-refusal.ts";
import type { Person } from "../person.ts";
import type { World } from "../world.ts";
import { deliverInCircle, listedPeople } from "./circle-delivery.ts";
import type { CirclePoster } from "./circle-post.ts";
import { relayCircleReceipt, retryInCircle } from "./circle-receipts.ts";
import { originIn, type Circle } from "./circle.ts";

/** Everybody's status: a client says whom it is for, a simulated person shows it to all accounts. */
export function statusChats(world: World, poster: CirclePoster): ChatKind {
  const circle: Circle = { jid: "status@broadcast", addressing: "pn" };
  const accounts = (sender: Person): readonly Person[] =>
    world.directory
      .people()
      .filter(({ companions, account }) => companions.size > 0 && account?.blocked.has(sender.number) !== true);
  return {
    accepts: (jid) => jid === circle.jid,
    refuse: (message) => misaddressedPost(world, message),
    deliver: async (message) => deliverInCircle(world, { circle, readers: listedPeople(world, message.node) }, message),
    receipt: async (receipt) => relayCircleReceipt(world, circle, receipt),
    retry: async (request) => retryInCircle(world, circle, request),
    post: async (post, signal) => poster.post({ circle, readers: accounts(post.sender) }, post, signal),
    audience: (_jid, person) => accounts(person).flatMap(({ companions }) => [...companions.values()]),
    origin: (_jid, person) => originIn(circle, person),
  };
}
