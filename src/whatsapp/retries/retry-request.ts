import type { BinaryNode } from "@whiskeysockets/baileys";
import { canonicalJid, isGroupJid, isStatusJid, sameJid } from "#domain/jid.ts";
import type { OwnJids } from "../own-account.ts";

/** A device could not read messages of ours and asks for them again. */
export interface RetryRequest {
  readonly node: BinaryNode;
  /** Group, status feed, or person; of an own device the person that the message was for. */
  readonly chat: string;
  /** JID of the asking device. */
  readonly asker: string;
  /** The asking device is one of ours. */
  readonly isOwn: boolean;
  /** The chat is one of many: answers carry the sender key and name the device. */
  readonly isShared: boolean;
  readonly ids: readonly string[];
  /** Which time it asks, as it says. */
  readonly count: number;
}

/**
 * Reads a request; undefined for every other stanza.
 *
 * WhatsApp protocol: `<receipt type="retry" id from [participant] [recipient]><retry count id t v [error]/>…</receipt>`:
 * `from` is the group and `participant` the device, or `from` is the device and `recipient`, when it is an own one, the
 * chat.
 */
export function retryRequestOf(node: BinaryNode, own: OwnJids): RetryRequest | undefined {
  const { type, from, participant, recipient, id } = node.attrs;
  if (node.tag !== "receipt" || type !== "retry" || from === undefined || id === undefined) return undefined;
  const isShared = isGroupJid(from) || isStatusJid(from);
  const asker = isShared ? participant : from;
  if (asker === undefined) return undefined;
  const isOwn = [own.id, own.lid].some((jid) => jid !== undefined && sameJid(jid, asker));
  const children = Array.isArray(node.content) ? node.content : [];
  const items = children.flatMap(({ tag, content }) => (tag === "list" && Array.isArray(content) ? content : []));
  const count = Number(children.find(({ tag }) => tag === "retry")?.attrs["count"] ?? 1);
  return {
    node,
    chat: canonicalJid(isShared || !isOwn ? from : (recipient ?? from)),
    asker,
    isOwn,
    isShared,
    ids: [...new Set([id, ...items.flatMap(({ attrs }) => attrs["id"] ?? [])])],
    count: Number.isInteger(count) && count > 0 ? count : 1,
  };
}
