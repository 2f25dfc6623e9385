import { proto } from "@whiskeysockets/baileys";
import { isLidJid, isPersonJid } from "#domain/jid.ts";
import type { DirectoryStore } from "#store/directory.ts";
import type { MessageStore } from "#store/messages.ts";
import type { Form, SeenForm } from "./form.ts";

/** Where it is looked up. */
export interface ChatFormDeps {
  readonly directory: Pick<DirectoryStore, "chat" | "putChats">;
  readonly messages: Pick<MessageStore, "list">;
}

interface Chat {
  readonly instanceId: string;
  /** JID the chat is kept under here. */
  readonly chatId: string;
}

/** How the last message of this chat was addressed that WhatsApp took. */
export async function sentForm({ directory }: ChatFormDeps, chat: Chat): Promise<SeenForm | undefined> {
  const { form, at }: Partial<SeenForm> = Object((await directory.chat(chat))?.extra?.[field]);
  return (form === "pn" || form === "lid") && typeof at === "number" ? { form, at } : undefined;
}

/** Keeps it. A failure is the caller's to pass over: the message itself has left. */
export async function keepSentForm({ directory }: ChatFormDeps, chat: Chat, seen: SeenForm): Promise<void> {
  const { instanceId, chatId } = chat;
  await directory.putChats({ instanceId, chats: [{ chatId, extra: { [field]: { ...seen } } }] });
}

const field = "addressing";
/** Own messages may stand before the last one that came. */
const lookedAt = 20;

/** How the last message of this chat that came was addressed. */
export async function receivedForm({ messages }: ChatFormDeps, chat: Chat): Promise<SeenForm | undefined> {
  const latest = await messages.list({ ...chat, limit: lookedAt });
  const came = latest.find(({ fromMe }) => !fromMe);
  const jid = came === undefined ? undefined : proto.WebMessageInfo.decode(came.proto).key?.remoteJid;
  const form: Form | undefined = !jid ? undefined : isLidJid(jid) ? "lid" : isPersonJid(jid) ? "pn" : undefined;
  return came === undefined || form === undefined ? undefined : { form, at: came.at };
}
