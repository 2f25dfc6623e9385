import type { CapturedNotification } from "#domain/captured.ts";
import { lidJid, personJid } from "#domain/jid.ts";
import type { OwnAccount } from "./inbound.ts";

/** The owner of the account changed its name, on whatever device. `at` is in epoch milliseconds. */
export function ownNameChanged({ phone, lid }: OwnAccount, name: string, at: number): CapturedNotification {
  const both = lid === undefined ? {} : { lid: lidJid(lid) };
  return {
    kind: "notification",
    chat: { chatId: personJid(phone), phone, ...(lid === undefined ? {} : { chatLid: lidJid(lid) }) },
    sender: { jid: personJid(phone), phone, ...both, name },
    fromMe: true,
    at,
    connectedPhone: phone,
    broadcast: false,
    name: "PROFILE_NAME_UPDATED",
    key: `${at} ${name}`,
    profileName: name,
  };
}
