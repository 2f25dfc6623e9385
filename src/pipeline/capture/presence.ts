import type { BaileysEventMap } from "@whiskeysockets/baileys";
import type { CapturedPresence } from "#domain/captured.ts";
import type { AddressBook, Owner } from "./address-book.ts";
import type { CapturedOne } from "./captured-one.ts";

/** A contact types, records, comes or goes. */
export async function capturePresence(
  book: AddressBook,
  input: { readonly owner: Owner; readonly now: number },
  update: BaileysEventMap["presence.update"],
): Promise<CapturedOne> {
  const { owner, now } = input;
  const chat = await book.chat(owner, update.id);
  const captured: CapturedPresence[] = [];
  for (const [jid, presence] of Object.entries(update.presences)) {
    captured.push({
      kind: "presence",
      chat,
      participant: await book.person(owner, jid),
      status: statusOf(presence),
      ...(presence.lastSeen ? { lastSeenAt: presence.lastSeen * 1000 } : {}),
      at: now,
    });
  }
  return { captured };
}

/**
 * The client reports the end of typing as `available`, too; only a real presence has a `lastSeen` field, even when it
 * is empty.
 */
function statusOf(presence: BaileysEventMap["presence.update"]["presences"][string]): CapturedPresence["status"] {
  switch (presence.lastKnownPresence) {
    case "unavailable":
      return "UNAVAILABLE";
    case "composing":
      return "COMPOSING";
    case "recording":
      return "RECORDING";
    case "paused":
      return "PAUSED";
    case "available":
      return "lastSeen" in presence ? "AVAILABLE" : "PAUSED";
  }
}
