import { proto, WAMessageStubType, type WAMessage } from "@whiskeysockets/baileys";
import type { MessageRef } from "#domain/captured-content.ts";
import type { Captured, CapturedMessage, PersonRef } from "#domain/captured.ts";
import { isGroupJid, isStatusJid } from "#domain/jid.ts";
import { phoneOf } from "#domain/phone.ts";
import type { Log } from "#lib/log.ts";
import type { ChatRow } from "#store/directory.ts";
import type { MessageStore } from "#store/messages.ts";
import type { ChatPatch, StoredMessage } from "#store/records.ts";
import type { AddressBook, Owner } from "./address-book.ts";
import { type CapturedOne, joined, nothing } from "./captured-one.ts";
import { type ContentContext, type Converted, storable } from "./content/converted.ts";
import { fileOf } from "./content/files.ts";
import { unsealed } from "./content/sealed.ts";
import { contextInfoOf, convertContent } from "./convert-content.ts";
import { circumstancesOf } from "./message-circumstances.ts";
import { parentOf } from "./message-parent.ts";
import { type Place, placeOf } from "./message-place.ts";
import { epochMsOf, numberOf } from "./numbers.ts";
import { notedSealed, recallSealed } from "./recall-sealed.ts";
import { isOwn, ownPerson, sceneOf } from "./scene.ts";
import type { SealedWaiting } from "./sealed-waiting.ts";
import { stubNotification } from "./stub.ts";
import { unwrap } from "./unwrap.ts";

/** What capturing messages works with. */
export interface MessageDeps {
  readonly book: AddressBook;
  readonly messages: Pick<MessageStore, "get" | "list">;
  /** Messages that another one is the key to. */
  readonly sealed: SealedWaiting<MessageOrigin>;
  readonly log: Log;
}

/** How a message reached us. */
export interface MessageOrigin {
  readonly owner: Owner;
  /** Sent through this API. */
  readonly fromApi: boolean;
  /** Epoch milliseconds, for messages that carry no time. */
  readonly receivedAt: number;
}

/**
 * Turns one message of `messages.upsert` into what happened; also those that came before it, sealed with its secret,
 * and could not be read then.
 */
export async function captureMessage(deps: MessageDeps, origin: MessageOrigin, info: WAMessage): Promise<CapturedOne> {
  const one = await captureOne(deps, origin, info);
  if (!info.message) return one;
  return together([one, ...(await openedBy(deps, origin.owner, info))]);
}

/**
 * What opens with the messages of a piece of history that the phone was asked for. They are rows already, and nobody is
 * told of them.
 */
export async function captureOpened(
  deps: MessageDeps,
  input: { readonly owner: Owner; readonly now: number },
  infos: readonly WAMessage[],
): Promise<CapturedOne> {
  const { owner, now } = input;
  const all: CapturedOne[] = [];
  for (const [remoteJid, inChat] of Map.groupBy(infos, ({ key }) => key.remoteJid ?? "")) {
    const { chatId } = await deps.book.chat(owner, remoteJid);
    const chat = await deps.book.chatRow(owner, chatId);
    const messageIds = new Set(inChat.map(({ key }) => key.id ?? ""));
    const found = { owner, chat, messageIds, receivedAt: now, originOf: earlier(owner) };
    const awaited = await recallSealed(deps, found);
    for (const info of inChat) if (awaited.has(info.key.id ?? "")) all.push(...(await openedBy(deps, owner, info)));
  }
  return together(all);
}

/** How a message that was stored came: from outside. */
const earlier =
  (owner: Owner) =>
  (at: number): MessageOrigin => ({ owner, fromApi: false, receivedAt: at });

async function openedBy(deps: MessageDeps, owner: Owner, info: WAMessage): Promise<readonly CapturedOne[]> {
  const all: CapturedOne[] = [];
  for (const sealed of deps.sealed.arrived(owner.instanceId, info)) {
    all.push(openedLate(await captureOne(deps, sealed.origin, sealed.info)));
  }
  return all;
}

function together(all: readonly CapturedOne[]): CapturedOne {
  const [one = nothing] = all;
  if (all.length < 2) return one;
  const { captured, records } = joined(all);
  return { captured, ...records };
}

/** What is still closed is published already. */
function openedLate(one: CapturedOne): CapturedOne {
  const captured = (one.captured ?? []).flatMap((what): Captured[] =>
    what.kind === "message" && what.content.type !== "other" ? [{ ...what, openedLate: true }] : [],
  );
  return captured.length === 0 ? nothing : { ...one, captured };
}

async function captureOne(deps: MessageDeps, origin: MessageOrigin, info: WAMessage): Promise<CapturedOne> {
  const { owner } = origin;
  const place = await placeOf(deps.book, owner, info.key);
  const messageId = storable(info.key.id ?? "");
  if (place === undefined || messageId === "") return nothing;
  const at = epochMsOf(info.messageTimestamp, origin.receivedAt);
  const fromMe = info.key.fromMe === true;
  const base = { lidPairs: place.pairs, contacts: contactPatches(info, place, fromMe) };
  for (const patch of base.contacts) deps.book.learnContact(owner.instanceId, patch);
  const scene = await sceneOf(deps.book, owner, {
    chat: place.chat,
    sender: place.sender,
    fromMe,
    at,
    pushName: info.pushName ?? undefined,
    broadcast: info.broadcast === true || isStatusJid(place.chat.chatId),
  });
  if (!info.message) {
    if (info.messageStubType === WAMessageStubType.CIPHERTEXT || info.key.isViewOnce === true) {
      const viewOnce = info.key.isViewOnce === true;
      return { ...base, captured: [{ kind: "waiting", ...scene, messageId, viewOnce }] };
    }
    const stub = numberOf(info.messageStubType);
    const notification = await stubNotification(deps.book, owner, { info, scene, stub });
    return notification === undefined ? base : { ...base, captured: [notification] };
  }
  const { message: closed, viewOnce } = unwrap(info.message);
  const target = (key: proto.IMessageKey | null | undefined) => targetOf(deps, { owner, place }, key);
  const context: ContentContext = {
    messageId,
    fromMe,
    at,
    viewOnce: viewOnce || info.key.isViewOnce === true,
    phone: place.chat.phone ?? phoneOf(place.chat.chatId),
    isGroup: isGroupJid(place.chat.chatId),
    ownPhone: owner.own.phone,
    sender: scene.sender,
    person: (jid) => deps.book.person(owner, jid),
    target,
    stored: (id) => storedMessage(deps, owner, { messageId: id, place }),
    payment: info.paymentInfo,
  };
  const sealed = await unsealed(closed, context);
  if (sealed?.awaitsTarget === true) deps.sealed.wait(owner.instanceId, sealed.targetId, { origin, info });
  const message = sealed?.message ?? closed;
  const protocol = message.protocolMessage;
  if (protocol) return { ...base, ...(await captureProtocol(deps, { origin, info, scene, context }, protocol)) };
  const converted = await convertContent(message, context);
  if (converted === undefined) return base;
  const captured = await messageOf(deps, { origin, scene, context }, { message, converted });
  const chat = await deps.book.chatRow(owner, captured.chat.chatId);
  deps.book.forgetChat(owner.instanceId, captured.chat.chatId);
  const { receivedAt } = origin;
  await recallSealed(deps, { owner, chat, messageIds: new Set([messageId]), receivedAt, originOf: earlier(owner) });
  const noted = sealed?.awaitsTarget === true ? notedSealed(receivedAt) : {};
  return {
    ...base,
    captured: [captured],
    messages: [stored(owner, { info, captured })],
    chats: [{ ...chatPatch(chat, captured), ...noted }],
  };
}

interface Circumstances {
  readonly origin: MessageOrigin;
  readonly scene: Awaited<ReturnType<typeof sceneOf>>;
  readonly context: ContentContext;
}

/** Messages about messages: edits and revocations; the rest is between clients. */
async function captureProtocol(
  deps: MessageDeps,
  input: Circumstances & { readonly info: WAMessage },
  protocol: proto.Message.IProtocolMessage,
): Promise<CapturedOne> {
  const { scene, context, origin, info } = input;
  const types = proto.Message.ProtocolMessage.Type;
  switch (protocol.type) {
    case types.REVOKE: {
      const messageId = protocol.key?.id ?? context.messageId;
      const key = context.messageId;
      const participant = context.isGroup ? { participant: scene.sender } : {};
      const gone = await revokedMessage(deps, {
        owner: origin.owner,
        messageId,
        byUs: scene.fromMe || context.isGroup,
      });
      return {
        ...(gone === undefined ? {} : { messages: [gone] }),
        captured: [{ kind: "notification", ...scene, name: "REVOKE", key, messageId, parameters: [], ...participant }],
      };
    }
    case types.EPHEMERAL_SETTING: {
      // In groups the notification of the server says it.
      if (context.isGroup) return nothing;
      const seconds = numberOf(protocol.ephemeralExpiration);
      const parameters = seconds > 0 ? ["true", String(seconds)] : ["false"];
      const key = context.messageId;
      return { captured: [{ kind: "notification", ...scene, name: "CHANGE_EPHEMERAL_SETTING", key, parameters }] };
    }
    case types.MESSAGE_EDIT: {
      const editedMessageId = protocol.key?.id;
      if (!protocol.editedMessage || !editedMessageId) return nothing;
      const { message } = unwrap(protocol.editedMessage);
      const converted = await convertContent(message, context);
      if (converted === undefined) return nothing;
      const captured = await messageOf(deps, input, { message, converted, editedMessageId });
      const edited = await replacing(context, { info, editedMessageId, message: protocol.editedMessage });
      deps.sealed.replaced(origin.owner.instanceId, edited);
      return {
        captured: [captured],
        messages: [stored(origin.owner, { info: edited, captured: { ...captured, messageId: editedMessageId } })],
      };
    }
    case types.SHARE_PHONE_NUMBER: {
      // WhatsApp protocol: the number stands in the stanza, beside the LID; so it is known by now.
      const { phone } = scene.sender;
      const key = context.messageId;
      const parameters = phone === undefined ? [] : [phone];
      return { captured: [{ kind: "notification", ...scene, name: "PHONE_NUMBER_SHARED", key, parameters }] };
    }
    case types.GROUP_MEMBER_LABEL_CHANGE: {
      const key = context.messageId;
      const parameters = [protocol.memberLabel?.label ?? ""];
      const participant = scene.sender;
      const name = "GROUP_MEMBER_LABEL_CHANGE";
      return { captured: [{ kind: "notification", ...scene, name, key, parameters, participant }] };
    }
    default:
      return nothing;
  }
}

/** Our own message, marked as WhatsApp marks one that was taken back, so that nobody gets it again. */
async function revokedMessage(
  deps: MessageDeps,
  input: { readonly owner: Owner; readonly messageId: string; readonly byUs: boolean },
): Promise<StoredMessage | undefined> {
  const { owner, messageId, byUs } = input;
  const row = byUs ? await deps.messages.get({ instanceId: owner.instanceId, messageId }) : undefined;
  if (row === undefined || !row.fromMe) return undefined;
  const info = proto.WebMessageInfo.decode(row.proto);
  info.messageStubType = WAMessageStubType.REVOKE;
  return { ...row, proto: proto.WebMessageInfo.encode(info).finish() };
}

/** The stored message as it reads from now on. Its secret stays: whatever is sealed later is sealed with it. */
async function replacing(
  context: ContentContext,
  edit: { readonly info: WAMessage; readonly editedMessageId: string; readonly message: proto.IMessage },
): Promise<WAMessage> {
  const { info, editedMessageId, message } = edit;
  const before = await context.stored(editedMessageId);
  const beside =
    before?.message === null || before?.message === undefined
      ? undefined
      : unwrap(before.message).message.messageContextInfo;
  const messageContextInfo = beside ? { ...message.messageContextInfo, ...beside } : message.messageContextInfo;
  return {
    ...info,
    key: { ...info.key, id: editedMessageId },
    message: { ...message, ...(messageContextInfo ? { messageContextInfo } : {}) },
  };
}

async function messageOf(
  deps: MessageDeps,
  { origin, scene, context }: Circumstances,
  input: { readonly message: proto.IMessage; readonly converted: Converted; readonly editedMessageId?: string },
): Promise<CapturedMessage> {
  const { message, converted, editedMessageId } = input;
  const contextInfo = contextInfoOf(message);
  const circumstances = await circumstancesOf(deps.book, origin.owner, contextInfo);
  const quotedImage = contextInfo?.quotedMessage?.imageMessage;
  const statusMedia = circumstances.quotedStatus && quotedImage ? [fileOf("image", quotedImage, "status")] : [];
  const parent = parentOf(message);
  const media = [...(converted.media ?? []), ...statusMedia];
  return {
    kind: "message",
    ...scene,
    messageId: context.messageId,
    fromApi: origin.fromApi,
    content: converted.content,
    ...(media.length === 0 ? {} : { media }),
    isEdit: editedMessageId !== undefined,
    ...(editedMessageId === undefined ? {} : { editedMessageId }),
    ...circumstances,
    ...(converted.quotedMessageId === undefined ? {} : { quotedMessageId: converted.quotedMessageId }),
    ...(converted.contentType === undefined ? {} : { contentType: converted.contentType }),
    ...(parent === undefined ? {} : { parent }),
    // WhatsApp protocol: the recipients of a list are not told to the author's other devices.
    ...(scene.fromMe && scene.broadcast && !isStatusJid(scene.chat.chatId) ? { broadcastRecipients: [] } : {}),
  };
}

/** The message a reaction, vote or pin is about, from our side. */
async function targetOf(
  deps: MessageDeps,
  input: { readonly owner: Owner; readonly place: Place },
  key: proto.IMessageKey | null | undefined,
): Promise<MessageRef> {
  const { owner, place } = input;
  const author = key?.participant || undefined;
  const mine = key?.fromMe === true || isOwn(owner, author);
  const isGroup = isGroupJid(place.chat.chatId);
  const person: PersonRef | undefined = mine
    ? ownPerson(owner)
    : author === undefined
      ? undefined
      : await deps.book.person(owner, author);
  return {
    messageId: key?.id ?? "",
    fromMe: mine,
    phone: place.chat.phone ?? phoneOf(place.chat.chatId),
    ...(isGroup && person !== undefined ? { participant: person.phone ?? person.lid ?? person.jid } : {}),
  };
}

async function storedMessage(
  deps: MessageDeps,
  owner: Owner,
  input: { readonly messageId: string; readonly place: Place },
): Promise<proto.IWebMessageInfo | undefined> {
  const recent = deps.sealed.recent(owner.instanceId, input.messageId);
  if (recent !== undefined) return recent;
  const row = await deps.messages.get({ instanceId: owner.instanceId, messageId: input.messageId });
  return row === undefined ? undefined : proto.WebMessageInfo.decode(row.proto);
}

function stored(
  owner: Owner,
  { info, captured }: { readonly info: WAMessage; readonly captured: CapturedMessage },
): StoredMessage {
  return {
    instanceId: owner.instanceId,
    chatId: captured.chat.chatId,
    messageId: captured.messageId,
    fromMe: captured.fromMe,
    senderId: captured.sender.jid,
    at: captured.at,
    type: captured.content.type,
    // Channel posts arrive as JSON, with bytes as text; this reads both.
    proto: proto.WebMessageInfo.encode(proto.WebMessageInfo.fromObject(info)).finish(),
  };
}

function chatPatch(row: ChatRow | undefined, captured: CapturedMessage): ChatPatch {
  const { chatId } = captured.chat;
  const unread =
    captured.fromMe || captured.isEdit || captured.content.type === "reaction" ? undefined : (row?.unread ?? 0) + 1;
  return {
    chatId,
    lastMessageAt: captured.at,
    ...(unread === undefined ? {} : { unread }),
  };
}

function contactPatches(info: WAMessage, place: Place, fromMe: boolean) {
  const pushName = storable(info.pushName ?? "");
  const verifiedName = storable(info.verifiedBizName ?? "");
  if (fromMe || (pushName === "" && verifiedName === "")) return [];
  const contactId = place.sender.phone === undefined ? place.sender.jid : `${place.sender.phone}@s.whatsapp.net`;
  return [{ contactId, ...(pushName ? { pushName } : {}), ...(verifiedName ? { verifiedName } : {}) }];
}
