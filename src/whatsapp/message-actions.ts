import type { WAMessageKey } from "@whiskeysockets/baileys";
import { isWazapiError, WazapiError } from "#domain/errors.ts";
import { newMessageId } from "#domain/ids.ts";
import { canonicalJid, isGroupJid, isNewsletterJid, isStatusJid, sameJid } from "#domain/jid.ts";
import type { MessageDeletion, MessagesRead } from "#domain/session.ts";
import type { Clock } from "#lib/clock.ts";
import { sleep } from "#lib/sleep.ts";
import type { MessageStore } from "#store/messages.ts";
import type { LiveSocket } from "./live-socket.ts";
import { markRevoked } from "./retries/resend-content.ts";
import { resolveRecipient, type RecipientDeps } from "./recipient.ts";
import { statusAudience } from "./send/status-audience.ts";
import { isOwnJid, knownMessage, namesAuthors } from "./send/target.ts";

/** What acting on messages works with. */
export interface MessageActionDeps extends RecipientDeps {
  readonly messages: Pick<MessageStore, "get" | "put">;
  readonly clock: Clock;
}

/** The socket it happens on, and how long WhatsApp may take to answer. */
export interface ActingOn {
  readonly socket: LiveSocket;
  readonly timeoutMs: number;
}

/**
 * Takes a message back for everybody, or, when it is another person's in private, off the own devices. Resolves when
 * WhatsApp has it. Throws `message_not_found` when nobody knows its author, `send_rejected`, `timeout`, `not_connected`.
 */
export async function deleteMessage(
  deps: MessageActionDeps,
  input: MessageDeletion & ActingOn,
  signal: AbortSignal,
): Promise<void> {
  const { instanceId, socket, messageId } = input;
  if (isNewsletterJid(input.chat)) {
    throw new WazapiError("not_supported", { message: "a message of a channel cannot be deleted from here" });
  }
  const known = await knownMessage(deps.messages, { instanceId, messageId });
  const jid = await resolveRecipient(deps, { instanceId, socket, to: input.chat });
  if (known !== undefined && (isGroupJid(known.chat) || isGroupJid(jid)) && !sameJid(known.chat, jid)) {
    throw new WazapiError("invalid_request", { message: `message ${messageId} is not in this chat` });
  }
  const fromMe = known?.fromMe ?? input.fromMe;
  const key = { remoteJid: jid, id: messageId, fromMe };
  if (fromMe) {
    const audience = isStatusJid(jid) ? { statusJidList: await statusAudience(deps, { instanceId, socket }) } : {};
    return await withdrawn(deps, input, () => revoke(input, { key, ...audience }, signal));
  }
  if (!isGroupJid(jid)) {
    const stored = await deps.messages.get({ instanceId, messageId });
    const timestamp = Math.floor((stored?.at ?? deps.clock.now()) / 1000);
    // The chat as WhatsApp addressed it: the own devices know the message by that.
    await socket.sock.chatModify(
      { deleteForMe: { deleteMedia: false, key, timestamp } },
      known === undefined ? jid : known.chat,
    );
    return;
  }
  const participant = known?.author ?? input.sender;
  if (participant === undefined) throw unknownAuthor(messageId);
  await assertAdmin(socket, jid);
  await revoke(input, { key: { ...key, participant } }, signal);
}

/**
 * Takes a message of ours back: from before that leaves, the message is not sent again to anybody who asks for it. Only
 * when WhatsApp certainly refused it stays as it was.
 */
async function withdrawn(
  deps: Pick<MessageActionDeps, "messages">,
  { instanceId, socket, messageId }: MessageDeletion & ActingOn,
  revoking: () => Promise<void>,
): Promise<void> {
  const stored = await deps.messages.get({ instanceId, messageId });
  const mark = async (isGone: boolean): Promise<void> => {
    if (isGone) socket.ledger.withdraw(messageId);
    else socket.ledger.restore(messageId);
    if (stored !== undefined) await deps.messages.put({ messages: [markRevoked(stored, isGone)] });
  };
  await mark(true);
  try {
    await revoking();
  } catch (error) {
    if (isWazapiError(error, "send_rejected")) await mark(false);
    throw error;
  }
}

async function revoke(
  { socket, timeoutMs }: ActingOn,
  what: { readonly key: WAMessageKey; readonly statusJidList?: string[] },
  signal: AbortSignal,
): Promise<void> {
  const { key, ...audience } = what;
  const messageId = newMessageId();
  const ack = socket.acks.expect(messageId);
  const over = new AbortController();
  try {
    await socket.sock.sendMessage(key.remoteJid ?? "", { delete: key }, { ...audience, messageId });
    const timeout = sleep(timeoutMs, AbortSignal.any([signal, over.signal])).then(() => "timeout" as const);
    const answer = await Promise.race([ack.received, timeout]);
    if (answer === "timeout") throw new WazapiError("timeout");
    if (answer === undefined) throw new WazapiError("not_connected");
    if (answer.code !== undefined) throw new WazapiError("send_rejected", { details: { code: answer.code } });
  } finally {
    over.abort();
    ack.giveUp();
  }
}

/** WhatsApp takes such a message from anybody, and everybody's app then ignores it. */
async function assertAdmin(socket: LiveSocket, groupId: string): Promise<void> {
  const group = await socket.groups.get(groupId);
  if (group === undefined) throw new WazapiError("timeout", { message: "WhatsApp did not tell who runs this group" });
  const own = group.participants.find(({ id }) => isOwnJid(socket, id));
  if (own?.admin) return;
  throw new WazapiError("send_rejected", { message: "only those who run a group can delete what others wrote in it" });
}

/**
 * Tells the authors of these messages that they were read, as far as the account's privacy lets it. Own messages are
 * passed over. Throws `message_not_found` when in a group nobody knows an author, `not_connected`.
 */
export async function readMessages(
  deps: Pick<MessageActionDeps, "messages">,
  input: MessagesRead & Pick<ActingOn, "socket">,
): Promise<void> {
  const { instanceId, socket, messageIds, sender } = input;
  const chat = canonicalJid(input.chat);
  const keys: WAMessageKey[] = [];
  for (const messageId of messageIds) {
    const known = await knownMessage(deps.messages, { instanceId, messageId });
    const author = known === undefined ? sender : known.author;
    if (known?.fromMe === true) continue;
    // The receipt goes where the message came from: a person has two names.
    const remoteJid = known?.chat ?? chat;
    if (namesAuthors(remoteJid) && author === undefined) throw unknownAuthor(messageId);
    keys.push({
      remoteJid,
      id: messageId,
      fromMe: false,
      ...(namesAuthors(remoteJid) && author !== undefined && { participant: author }),
    });
  }
  if (keys.length > 0) await socket.sock.readMessages(keys);
}

function unknownAuthor(messageId: string): WazapiError {
  return new WazapiError("message_not_found", {
    message: `message ${messageId} is not stored here, so its author must be named: sender`,
    details: { field: "sender" },
  });
}
