import type { CapturedDelivery, ChatRef } from "#domain/captured.ts";
import { canonicalJid, isLidJid, isPersonJid, lidJid, personJid, userOf } from "#domain/jid.ts";
import type { DirectoryStore } from "#store/directory.ts";
import type { QueuedMessage } from "#store/queue.ts";
import type { SendFailure } from "./outcome.ts";

/** The end of a queued message as customers hear of it. */
export async function deliveryEvent(
  deps: { readonly directory: Pick<DirectoryStore, "phoneOf" | "lidOf"> },
  input: {
    readonly message: QueuedMessage;
    /** JID the server knows the chat by; undefined when the message never got there. */
    readonly chatId?: string;
    readonly failure?: SendFailure;
    /** Epoch milliseconds. */
    readonly at: number;
  },
): Promise<CapturedDelivery> {
  const { message, failure } = input;
  return {
    kind: "delivery",
    chat: await chatRef(deps.directory, message, input.chatId),
    zaapId: message.zaapId,
    messageId: message.messageId,
    ...(failure === undefined ? {} : { error: failure.text, errorCode: failure.code }),
    at: input.at,
  };
}

/** The chat by number when it is known, whatever name the server uses for it. */
async function chatRef(
  directory: Pick<DirectoryStore, "phoneOf" | "lidOf">,
  message: QueuedMessage,
  answered: string | undefined,
): Promise<ChatRef> {
  const { instanceId } = message;
  const asked = canonicalJid(message.outgoing.to);
  const address = canonicalJid(answered ?? asked);
  const names = [asked, address];
  let phone = names.filter(isPersonJid).map(userOf)[0];
  let lid = names.filter(isLidJid).map(userOf)[0];
  if (lid !== undefined) phone ??= await directory.phoneOf({ instanceId, lid });
  else if (phone !== undefined) lid = await directory.lidOf({ instanceId, phone });
  if (phone === undefined) return { chatId: asked, ...(lid === undefined ? {} : { chatLid: lidJid(lid) }) };
  const chatId = personJid(phone);
  return {
    chatId,
    ...(address === chatId ? {} : { address }),
    phone,
    ...(lid === undefined ? {} : { chatLid: lidJid(lid) }),
  };
}
