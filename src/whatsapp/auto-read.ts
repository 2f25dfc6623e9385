import type { WAMessageKey } from "@whiskeysockets/baileys";
import type { Captured } from "#domain/captured.ts";
import type { InstanceSettings } from "#domain/instance.ts";
import { isBroadcastJid, isGroupJid, isNewsletterJid, isStatusJid } from "#domain/jid.ts";

/** A message that its instance reads by itself. */
export interface AutoRead {
  readonly chatId: string;
  /** As WhatsApp knows it. */
  readonly key: WAMessageKey;
}

/** Which of these are to be read, in order. Channels have no read receipts. */
export function autoReadsOf(
  captured: readonly Captured[],
  settings: Pick<InstanceSettings, "autoReadMessage" | "autoReadStatus">,
): readonly AutoRead[] {
  return captured.flatMap((one): AutoRead[] => {
    if (one.kind !== "message" || one.fromMe) return [];
    const { chatId, address } = one.chat;
    const isStatus = isStatusJid(chatId);
    if (isNewsletterJid(chatId) || !(isStatus ? settings.autoReadStatus : settings.autoReadMessage)) return [];
    const isShared = isGroupJid(chatId) || isBroadcastJid(chatId);
    const key = { remoteJid: address ?? chatId, id: one.messageId, fromMe: false };
    return [{ chatId, key: isShared ? { ...key, participant: one.sender.jid } : key }];
  });
}
