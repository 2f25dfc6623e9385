import type { EventEmitter } from "node:events";
import type { BinaryNode } from "@whiskeysockets/baileys";
import { ackErrorOf } from "../addressing/ack-errors.ts";
import type { UnknownWire } from "../unknown-wire.ts";
import { strangersInGroup } from "./group-changes.ts";
import { knownAttributes, knownChanges, knownInfo, knownMexUpdates, knownNotifications } from "./known-wire.ts";

/**
 * Tells of whatever passes that this version does not know: types of notifications, changes of groups and what stands in
 * them, children of `<ib>`, attributes of known stanzas, a missing sender, codes in acks, mex updates. Reads only, and changes nothing. Tags of whole stanzas and contents of
 * messages are told by those who read them.
 */
export function watchFrames(ws: EventEmitter, tell: (unknown: UnknownWire) => void): void {
  ws.on("frame", (node: BinaryNode | Uint8Array) => {
    if (node instanceof Uint8Array) return;
    for (const unknown of strangersIn(node)) tell(unknown);
  });
}

/** What is not known in a whole stanza. */
export function strangersIn(node: BinaryNode): readonly UnknownWire[] {
  const { tag, attrs } = node;
  const known = knownAttributes.get(tag);
  const strange: UnknownWire[] = [];
  if (known !== undefined) {
    for (const name in attrs) if (!known.has(name)) strange.push({ kind: "attribute", name: `${tag} ${name}` });
  }
  if (placedBySender.has(tag) && !attrs["from"]) strange.push({ kind: "attribute", name: `${tag} without from` });
  switch (tag) {
    case "notification":
      return [...strange, ...inNotification(node)];
    case "ib":
      return [
        ...strange,
        ...childrenOf(node).flatMap((child) => (knownInfo.has(child.tag) ? [] : one("ib", child.tag))),
      ];
    case "ack":
      return [...strange, ...inAck(attrs)];
    default:
      return strange;
  }
}

/** WhatsApp protocol: stanzas that always say whom they come from. */
const placedBySender: ReadonlySet<string> = new Set(["message", "status", "receipt", "notification", "call"]);

function inNotification(node: BinaryNode): readonly UnknownWire[] {
  const type = node.attrs["type"] ?? "";
  if (!knownNotifications.has(type)) return one("notification", type);
  if (type === "w:gp2") return strangersInGroup(node);
  const changes = knownChanges.get(type);
  if (changes !== undefined) {
    return childrenOf(node).flatMap(({ tag }) => (changes.has(tag) ? [] : one("notification", `${type} ${tag}`)));
  }
  if (type !== "mex") return [];
  return childrenOf(node).flatMap(({ tag, attrs }) => {
    const name = attrs["op_name"];
    return tag !== "update" || name === undefined || knownMexUpdates.has(name) ? [] : one("mex", name);
  });
}

function inAck(attrs: BinaryNode["attrs"]): readonly UnknownWire[] {
  const code = attrs["error"];
  if (code === undefined || attrs["class"] !== "message") return [];
  return ackErrorOf(Number(code)).isKnown ? [] : one("ack", code);
}

const one = (kind: UnknownWire["kind"], name: string): readonly UnknownWire[] => [{ kind, name }];

function childrenOf({ content }: BinaryNode): readonly BinaryNode[] {
  return Array.isArray(content) ? content : [];
}
