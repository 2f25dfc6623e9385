import { proto } from "@whiskeysockets/baileys";
import type { ChatRow } from "#store/directory.ts";
import type { MessageStore } from "#store/messages.ts";
import type { ChatPatch } from "#store/records.ts";
import type { Owner } from "./address-book.ts";
import { sealedFor } from "./content/sealed.ts";
import { type SealedWaiting, sealedWaitMs } from "./sealed-waiting.ts";
import { unwrap } from "./unwrap.ts";

/** Name of the field of a chat that holds until when something sealed may wait in it, epoch milliseconds. */
const field = "sealedUntil";
/** Messages of a chat, newest first, among which one that waits is looked for. */
const maxLookedAt = 500;

/**
 * Notes in its chat that a sealed message waits. The message itself is a row like any other; so what waits outlives the
 * process that read it, and is found again by this note.
 */
export function notedSealed(receivedAt: number): Pick<ChatPatch, "extra"> {
  return { extra: { [field]: receivedAt + sealedWaitMs } };
}

/**
 * Puts back among what waits whatever is stored in this chat and sealed with the secret of one of these messages; only
 * in chats that are noted, for a day. `chat` is the row as it was before they came. Answers which of them are waited for.
 */
export async function recallSealed<Origin>(
  deps: { readonly messages: Pick<MessageStore, "list">; readonly sealed: Pick<SealedWaiting<Origin>, "wait"> },
  input: {
    readonly owner: Owner;
    readonly chat: ChatRow | undefined;
    readonly messageIds: ReadonlySet<string>;
    /** Epoch milliseconds. */
    readonly receivedAt: number;
    /** How a message of this age had come. */
    readonly originOf: (at: number) => Origin;
  },
): Promise<ReadonlySet<string>> {
  const { owner, chat, messageIds } = input;
  const awaited = new Set<string>();
  const until = chat?.extra?.[field];
  if (chat === undefined || typeof until !== "number" || until < input.receivedAt) return awaited;
  const { instanceId } = owner;
  const rows = await deps.messages.list({ instanceId, chatId: chat.chatId, limit: maxLookedAt });
  for (const row of rows.toReversed()) {
    if (row.type !== "other") continue;
    const info = decoded(row.proto);
    if (info === undefined) continue;
    const targetId = info.message ? sealedFor(unwrap(info.message).message) : undefined;
    if (!info.key || targetId === undefined || !messageIds.has(targetId)) continue;
    const { key } = info;
    deps.sealed.wait(instanceId, targetId, { origin: input.originOf(row.at), info: Object.assign(info, { key }) });
    awaited.add(targetId);
  }
  return awaited;
}

/** A row that cannot be read must not spoil the message that came now. */
function decoded(bytes: Uint8Array): proto.WebMessageInfo | undefined {
  try {
    return proto.WebMessageInfo.decode(bytes);
  } catch {
    return undefined;
  }
}
