import type { BinaryNode } from "@whiskeysockets/baileys";
import { readableMessage, type TellUnknown } from "./readable-message.ts";

/**
 * A stanza whose messages come in clear (posts of channels), in the words that Baileys' protobuf knows: its own, and those
 * in a notification about a channel. Others, and those in which nothing is unknown, come back as they are, the same
 * object; no node that is handed in changes. Never throws.
 *
 * WhatsApp protocol: `<message from=…@newsletter><plaintext/></message>`, the same as `<status>`, and
 * `<notification type="newsletter"><message><plaintext/></message></notification>`.
 */
export function readablePlain(node: BinaryNode, tell?: TellUnknown): BinaryNode {
  if (node.tag === "message" || node.tag === "status") return withReadable(node, tell);
  if (node.tag !== "notification" || node.attrs["type"] !== "newsletter") return node;
  return withChildren(node, (child) => (child.tag === "message" ? withReadable(child, tell) : child));
}

function withReadable(message: BinaryNode, tell: TellUnknown | undefined): BinaryNode {
  return withChildren(message, (child) => {
    const { tag, content } = child;
    if (tag !== "plaintext" || !(content instanceof Uint8Array)) return child;
    const readable = readableMessage(content, tell);
    return readable === content ? child : { ...child, content: readable };
  });
}

function withChildren(node: BinaryNode, change: (child: BinaryNode) => BinaryNode): BinaryNode {
  if (!Array.isArray(node.content)) return node;
  const { content } = node;
  const changed = content.map(change);
  return changed.every((child, at) => child === content[at]) ? node : { ...node, content: changed };
}
