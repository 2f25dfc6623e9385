import type { BinaryNode } from "@whiskeysockets/baileys";
import type { CapturedReceipt } from "#domain/captured.ts";
import { canonicalJid, deviceOf, isGroupJid, isStatusJid } from "#domain/jid.ts";
import type { MessageStatus } from "#domain/message-status.ts";
import type { AddressBook, Owner } from "./address-book.ts";
import { type CapturedOne, joined, nothing } from "./captured-one.ts";
import { pairOf } from "./message-place.ts";
import { childrenOf, timeOf } from "./node.ts";
import { isOwn } from "./scene.ts";

type ReceiptStatus = CapturedReceipt["status"];

/**
 * Reads a raw receipt: only there stand the device, the member, and `played` in groups. WhatsApp protocol: `from` is
 * the chat, except for receipts of our own other devices, where `recipient` is; `inactive` is a delivery to a device
 * that nobody looks at; `sender`, `retry`, `hist_sync`, `peer_msg` and `server-error` say nothing about a reader.
 */
export async function captureReceipt(
  book: AddressBook,
  input: { readonly owner: Owner; readonly now: number },
  node: BinaryNode,
): Promise<CapturedOne> {
  const { owner, now } = input;
  const { from, id, participant, recipient, type } = node.attrs;
  if (from === undefined || id === undefined) return nothing;
  const parts = childrenOf(node).filter(({ tag }) => tag === "participants");
  if (parts.length > 0 && participant === undefined) return captureAggregated(book, input, { node, parts });
  const device = participant ?? from;
  const ours = isOwn(owner, device);
  const status = statusOf(type, ours);
  const shared = isGroupJid(from) || isStatusJid(from);
  const chatJid = ours && !shared ? recipient : from;
  if (status === undefined || chatJid === undefined) return nothing;
  const alt = node.attrs[from.endsWith("lid") ? "sender_pn" : "sender_lid"];
  const participantAlt = node.attrs["participant_pn"] ?? node.attrs["participant_lid"];
  const lidPairs = [...(ours ? [] : pairOf(from, alt)), ...pairOf(participant, participantAlt)];
  book.learn(owner.instanceId, lidPairs);
  const chat = await book.chat(owner, chatJid, ours ? undefined : alt);
  const who = await book.person(owner, canonicalJid(device), participantAlt);
  const at = timeOf(node, now);
  const messageIds = [id, ...listed(node)].filter((one, index, all) => all.indexOf(one) === index);
  const step = stepOf(status);
  return {
    captured: [
      {
        kind: "receipt",
        chat,
        ...(shared ? { participant: { ...who, device: deviceOf(device) } } : {}),
        messageIds,
        status,
        phoneDevice: deviceOf(device),
        at,
      },
    ],
    lidPairs,
    ...(step === undefined
      ? { chats: [{ chatId: chat.chatId, unread: 0 }] }
      : {
          statuses: messageIds.map((messageId) => ({
            messageId,
            chatId: chat.chatId,
            status: step,
            participant: shared ? who.jid : chat.chatId,
            at,
          })),
        }),
  };
}

/**
 * WhatsApp protocol: in groups one receipt can speak for many: each `participants` names a message in `key`, each `user`
 * in it somebody who got or read it, and when. It becomes one receipt for each of them, as if they had come alone.
 */
async function captureAggregated(
  book: AddressBook,
  input: { readonly owner: Owner; readonly now: number },
  { node, parts }: { readonly node: BinaryNode; readonly parts: readonly BinaryNode[] },
): Promise<CapturedOne> {
  const all: CapturedOne[] = [];
  for (const part of parts) {
    for (const { attrs } of childrenOf(part).filter(({ tag }) => tag === "user")) {
      const [key, jid] = [part.attrs["key"], attrs["jid"]];
      if (key === undefined || jid === undefined) continue;
      const { from, type } = node.attrs;
      const t = attrs["t"] ?? node.attrs["t"];
      const alt = attrs["participant_pn"] ?? attrs["phone_number"];
      const single = { from, id: key, participant: jid, type, t, participant_pn: alt };
      const named = Object.entries(single).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
      all.push(await captureReceipt(book, input, { tag: "receipt", attrs: Object.fromEntries(named) }));
    }
  }
  const { captured, records } = joined(all);
  return { captured, ...records };
}

/** WhatsApp protocol: further ids stand in a list; some servers put the first one there again. */
function listed(node: BinaryNode): readonly string[] {
  return childrenOf(node)
    .filter(({ tag }) => tag === "list")
    .flatMap((list) => childrenOf(list).flatMap(({ attrs }) => attrs["id"] ?? []));
}

function statusOf(type: string | undefined, ours: boolean): ReceiptStatus | undefined {
  switch (type) {
    case undefined:
    case "":
    case "delivery":
    case "inactive":
      return ours ? undefined : "RECEIVED";
    case "read":
      return ours ? "READ_BY_ME" : "READ";
    case "read-self":
      return "READ_BY_ME";
    case "played":
      return ours ? "PLAYED_BY_ME" : "PLAYED";
    case "played-self":
      return "PLAYED_BY_ME";
    default:
      return undefined;
  }
}

/** What a receipt says about a message of ours; undefined when it is about one of theirs. */
function stepOf(status: ReceiptStatus): MessageStatus | undefined {
  switch (status) {
    case "RECEIVED":
      return "delivered";
    case "READ":
      return "read";
    case "PLAYED":
      return "played";
    default:
      return undefined;
  }
}
