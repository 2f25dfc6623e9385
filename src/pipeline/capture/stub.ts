import { WAMessageStubType, type WAMessage } from "@whiskeysockets/baileys";
import type { CapturedNotification, Scene } from "#domain/captured.ts";
import type { AddressBook, Owner } from "./address-book.ts";

const T = WAMessageStubType;

// The client makes these out of notifications and calls, which reach us as they are, with all they say.
const seenRaw: ReadonlySet<number> = new Set([
  T.GROUP_CREATE,
  T.GROUP_CHANGE_SUBJECT,
  T.GROUP_CHANGE_ICON,
  T.GROUP_CHANGE_INVITE_LINK,
  T.GROUP_CHANGE_DESCRIPTION,
  T.GROUP_CHANGE_RESTRICT,
  T.GROUP_CHANGE_ANNOUNCE,
  T.GROUP_PARTICIPANT_ADD,
  T.GROUP_PARTICIPANT_REMOVE,
  T.GROUP_PARTICIPANT_PROMOTE,
  T.GROUP_PARTICIPANT_DEMOTE,
  T.GROUP_PARTICIPANT_INVITE,
  T.GROUP_PARTICIPANT_LEAVE,
  T.GROUP_PARTICIPANT_CHANGE_NUMBER,
  T.GROUP_PARTICIPANT_ADD_REQUEST_JOIN,
  T.GROUP_DELETE,
  T.GROUP_MEMBER_ADD_MODE,
  T.GROUP_MEMBERSHIP_JOIN_APPROVAL_MODE,
  T.GROUP_MEMBERSHIP_JOIN_APPROVAL_REQUEST,
  T.GROUP_MEMBERSHIP_JOIN_APPROVAL_REQUEST_NON_ADMIN_ADD,
  T.CALL_MISSED_VOICE,
  T.CALL_MISSED_VIDEO,
  T.CALL_MISSED_GROUP_VOICE,
  T.CALL_MISSED_GROUP_VIDEO,
]);

const paymentStubs: ReadonlySet<number> = new Set([
  T.PAYMENT_ACTION_REQUEST_DECLINED,
  T.PAYMENT_ACTION_REQUEST_EXPIRED,
  T.PAYMENT_ACTION_REQUEST_CANCELLED,
]);

/** A message that is only a note of the system; undefined for those seen elsewhere, and for no note at all. */
export async function stubNotification(
  book: AddressBook,
  owner: Owner,
  input: { readonly info: WAMessage; readonly scene: Scene; readonly stub: number },
): Promise<CapturedNotification | undefined> {
  const { info, scene, stub } = input;
  const name = T[stub];
  if (stub === 0 || name === undefined || seenRaw.has(stub)) return undefined;
  const given: readonly unknown[] = Array.isArray(info.messageStubParameters) ? info.messageStubParameters : [];
  const parameters = await Promise.all(given.map((value) => parameterOf(book, owner, value)));
  const messageId = info.key.id ?? "";
  return {
    kind: "notification",
    ...scene,
    name,
    key: messageId,
    messageId,
    parameters,
    ...(paymentStubs.has(stub) ? { status: "MESSAGE_RECEIVED" } : {}),
  };
}

/** People as customers see them, everything else as it is. */
async function parameterOf(book: AddressBook, owner: Owner, value: unknown): Promise<string> {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (!/^[\d.:_]+@(?:s\.whatsapp\.net|c\.us|lid)$/.test(text)) return text;
  const person = await book.person(owner, text);
  return person.phone ?? person.lid ?? person.jid;
}
