import type { proto } from "@whiskeysockets/baileys";
import { WazapiError } from "#domain/errors.ts";
import { isGroupJid, isLidJid } from "#domain/jid.ts";
import type { MessageStore } from "#store/messages.ts";
import type { LiveSocket } from "../live-socket.ts";
import { type KnownMessage, knownMessage, ownIn } from "./target.ts";

/** What can be answered with its own secret. */
export type QuestionKind = "poll" | "event";

/**
 * The stored poll or event and its secret. Throws `message_not_found` when it is not stored here, `invalid_request` when
 * it is something else or came without a secret.
 */
export async function askedMessage(
  messages: Pick<MessageStore, "get">,
  input: { readonly instanceId: string; readonly messageId: string; readonly of: QuestionKind },
): Promise<{ readonly known: KnownMessage; readonly secret: Uint8Array }> {
  const { messageId, of } = input;
  const known = await knownMessage(messages, input);
  if (known === undefined)
    throw new WazapiError("message_not_found", { message: `${of} ${messageId} is not stored here` });
  const is = of === "poll" ? pollOf(known.content) !== undefined : Boolean(known.content.eventMessage);
  if (!is) throw new WazapiError("invalid_request", { message: `message ${messageId} is no ${of}` });
  const { secret } = known;
  if (secret === undefined) {
    throw new WazapiError("invalid_request", {
      message: `${of} ${messageId} came without the secret to answer it with`,
    });
  }
  return { known, secret };
}

/** The poll in a message, whichever version of it. */
export function pollOf(content: proto.IMessage): proto.Message.IPollCreationMessage | undefined {
  const { pollCreationMessage, pollCreationMessageV2, pollCreationMessageV3, pollCreationMessageV5 } = content;
  return pollCreationMessage ?? pollCreationMessageV2 ?? pollCreationMessageV3 ?? pollCreationMessageV5 ?? undefined;
}

/**
 * Who asked and who answers, both as the question was addressed (number or LID), and the key that names the question.
 * WhatsApp protocol: between two people the key's `remoteJid` is the author under the name that the secret is bound to.
 */
export async function partiesOf(
  socket: LiveSocket,
  known: KnownMessage,
): Promise<{ readonly author: string; readonly answerer: string; readonly key: proto.IMessageKey }> {
  const { chat, messageId, fromMe } = known;
  const author = known.author ?? (await ownIn(socket, chat));
  const answerer = known.author === undefined ? author : await ownLike(socket, known.author);
  const key = { remoteJid: chat, id: messageId, fromMe, ...(isGroupJid(chat) && { participant: author }) };
  return { author, answerer, key };
}

/** The own JID in the same addressing as this one. */
async function ownLike(socket: LiveSocket, jid: string): Promise<string> {
  // A person is addressed like the chat with that person.
  return await ownIn(socket, isLidJid(jid) ? jid : "0@s.whatsapp.net");
}
