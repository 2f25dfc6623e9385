import { childrenOf, childOf, stanza } from "../wire/stanza.ts";
import type { BinaryNode } from "@whiskeysockets/baileys";
import type { Person } from "../person.ts";
import type { World } from "../world.ts";

/** A confirmation by somebody the sandbox plays. */
export interface OutgoingReceipt {
  /** How the stanza names chat and person: `from`, and `participant` in groups. */
  readonly origin: Readonly<Record<string, string>>;
  /** Who wrote the messages: all linked devices of that account are told. */
  readonly author: Person;
  readonly ids: readonly string[];
  readonly type: "delivered" | "read" | "played";
}

/** Tells an account that its messages were delivered, read or played. */
export function sendReceipt(world: World, receipt: OutgoingReceipt): void {
  const { from, participant } = receipt.origin;
  if (from?.endsWith("@g.us") === true && participant !== undefined && world.behaviour.groupReceipts === "aggregated") {
    aggregate(world, receipt, { from, participant });
    return;
  }
  const [id, ...more] = receipt.ids;
  if (id === undefined) return;
  // WhatsApp protocol: a receipt without a type means delivered.
  const type = receipt.type === "delivered" ? undefined : receipt.type;
  const attrs = { ...receipt.origin, id, type, t: world.seconds() };
  const list =
    more.length === 0
      ? undefined
      : [
          stanza(
            "list",
            {},
            more.map((item) => stanza("item", { id: item })),
          ),
        ];
  for (const companion of receipt.author.companions.values()) world.post(companion, stanza("receipt", attrs, list));
}

const collectMs = 5;

/** WhatsApp protocol: `<receipt from=GROUP type><participants key=MESSAGE><user jid t/>…</participants>…</receipt>`. */
function aggregate(
  world: World,
  { author, ids, type }: OutgoingReceipt,
  { from, participant }: { readonly from: string; readonly participant: string },
): void {
  const waiting = world.saidInGroups;
  const key = `${author.number} ${from} ${type}`;
  const messages = waiting.get(key) ?? new Map<string, { readonly jid: string; readonly t: string }[]>();
  for (const id of ids) messages.set(id, [...(messages.get(id) ?? []), { jid: participant, t: `${world.seconds()}` }]);
  if (waiting.has(key)) return;
  waiting.set(key, messages);
  world.later(collectMs, () => {
    waiting.delete(key);
    const parts = [...messages].map(([id, users]) =>
      stanza(
        "participants",
        { key: id },
        users.map((user) => stanza("user", user)),
      ),
    );
    const named = type === "delivered" ? undefined : type;
    const attrs = { from, id: world.nextId(), type: named, t: world.seconds() };
    for (const companion of author.companions.values()) world.post(companion, stanza("receipt", attrs, parts));
  });
}

/** Lets the receipts follow that people's phones send by themselves, each after the behaviour's delay. */
export function sendAutomaticReceipts(world: World, receipt: Omit<OutgoingReceipt, "type">): void {
  const { autoDeliver, autoRead, receiptDelayMs } = world.behaviour;
  const send = (type: OutgoingReceipt["type"]): void => sendReceipt(world, { ...receipt, type });
  if (autoDeliver) world.later(receiptDelayMs, () => send("delivered"));
  if (autoRead) world.later(receiptDelayMs * 2, () => send("read"));
}

/** Every message a client's receipt is about. */
export function receiptIds(node: BinaryNode): readonly string[] {
  const items = childrenOf(childOf(node, "list"), "item").flatMap(({ attrs }) => attrs["id"] ?? []);
  const first = node.attrs["id"];
  return first === undefined ? items : [first, ...items];
}

/** Who sees a client's receipt of this type, and as what. */
export function relayedType(type: string | undefined): { readonly type: string | undefined } | undefined {
  switch (type) {
    case undefined:
    case "read":
    case "played":
      return { type };
    // The device is not in front of anybody; for the sender the message is delivered all the same.
    case "inactive":
      return { type: undefined };
    default:
      return undefined;
  }
}
