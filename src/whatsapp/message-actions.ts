import type { WAMessageKey } from "@whiskeysockets/baileys";
import { isWazapiError, WazapiError } from "#domain/errors.ts";
import { newMessageId } from "#domain/ids.ts";
import { isGroupJid, isNewsletterJid, isStatusJid, sameJid } from "#domain/jid.ts";
import type { MessageDeletion, MessagesRead } from "#domain/session.ts";
import type { Clock } from "#lib/clock.ts";
import { sleep } from "#lib/sleep.ts";
import type { DirectoryStore } from "#store/directory.ts";
import type { MessageStore } from "#store/messages.ts";
import type { LiveSocket } from "./live-socket.ts";
import { markRevoked } from "./retries/resend-content.ts";
import { ackErrorOf } from "./addressing/ack-errors.ts";
import { addressHere, addressOf, otherAddress, type Address, type AddressDeps } from "./addressing/address.ts";
import { otherForm, type Form } from "./addressing/form.ts";
import { namedBy } from "./send/audience-form.ts";
import { compose } from "./send/compose.ts";
import { handOver } from "./send/hand-over.ts";
import { statusAudience } from "./send/status-audience.ts";
import { isOwnJid, knownMessage, namesAuthors } from "./send/target.ts";

/** What acting on messages works with. */
export interface MessageActionDeps extends AddressDeps {
  readonly messages: Pick<MessageStore, "get" | "put" | "list">;
  readonly directory: DirectoryStore;
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
  const address = await addressOf(deps, { instanceId, socket, to: input.chat });
  const { jid } = address;
  if (known !== undefined && (isGroupJid(known.chat) || isGroupJid(jid)) && !sameJid(known.chat, jid)) {
    throw new WazapiError("invalid_request", { message: `message ${messageId} is not in this chat` });
  }
  const fromMe = known?.fromMe ?? input.fromMe;
  const key = { remoteJid: jid, id: messageId, fromMe };
  if (fromMe) {
    const people = isStatusJid(jid) ? await statusAudience(deps, { instanceId, socket }) : undefined;
    return await withdrawn(deps, input, () => revoke(input, { address, key, people }, signal));
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
  await revoke(input, { address, key: { ...key, participant } }, signal);
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

/** A message to be taken back, and how the chat it is in is written to. */
interface Revocation {
  readonly address: Address;
  readonly key: WAMessageKey;
  /** Of a post: whom it was for. */
  readonly people?: readonly string[] | undefined;
}

/** Under the other name once more, when WhatsApp refuses the first for it. */
async function revoke(at: ActingOn, what: Revocation, signal: AbortSignal): Promise<void> {
  const { socket } = at;
  const isPost = what.people !== undefined;
  const form: Form = socket.migration.current()?.migrated === true ? "lid" : "pn";
  const messageId = newMessageId();
  const code = await revokeOnce(at, { ...what, form, messageId }, signal);
  if (code === undefined) return;
  const mayBeName = ackErrorOf(code).remedy === "readdress";
  const other = mayBeName && !isPost ? await otherAddress(what.address, socket) : undefined;
  if (!mayBeName || (other === undefined && !isPost)) throw refused(code);
  const key = other === undefined ? what.key : { ...what.key, remoteJid: other.jid };
  const again = { ...what, address: other ?? what.address, key, form: otherForm(form), messageId };
  const last = await revokeOnce(at, again, signal).catch((error: unknown) => {
    if (isWazapiError(error, "send_unreadable")) return code;
    throw error;
  });
  if (last !== undefined) throw refused(last);
}

function refused(code: number): WazapiError {
  return new WazapiError("send_rejected", { details: { code } });
}

/** Answers the code of a refusal. Throws `timeout`, `not_connected`, `send_unreadable`. */
async function revokeOnce(
  { socket, timeoutMs }: ActingOn,
  what: Revocation & { readonly form: Form; readonly messageId: string },
  signal: AbortSignal,
): Promise<number | undefined> {
  const { address, key, people, form, messageId } = what;
  const ack = socket.acks.expect(messageId);
  const over = new AbortController();
  try {
    const payload = { content: { delete: key } };
    const composed = await compose(socket, { jid: address.jid, messageId, payload, frame: {} });
    const audience = people === undefined ? undefined : await namedBy(form, socket, people);
    await handOver(socket, { address, composed, messageId, audience });
    const timeout = sleep(timeoutMs, AbortSignal.any([signal, over.signal])).then(() => "timeout" as const);
    const answer = await Promise.race([ack.received, timeout]);
    if (answer === "timeout") throw new WazapiError("timeout");
    if (answer === undefined) throw new WazapiError("not_connected");
    return answer.code;
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
  deps: MessageActionDeps,
  input: MessagesRead & Pick<ActingOn, "socket">,
): Promise<void> {
  const { instanceId, socket, messageIds, sender } = input;
  const { jid: chat } = await addressHere(deps, { instanceId, socket, to: input.chat });
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
