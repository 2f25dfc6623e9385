import type { Captured, PersonRef, Scene } from "#domain/captured.ts";
import { isGroupJid, isLidJid, isPersonJid, personJid } from "#domain/jid.ts";
import { pictureExpiresAt, type ProfileQuestion } from "./photos.ts";

/** Somebody, or a group, that there is a question about. */
export interface ProfileWish {
  readonly jid: string;
  readonly question: ProfileQuestion;
  /** It changed: whatever was answered before is out of date. */
  readonly isNews: boolean;
}

/** A link that ends within this time is asked for again. */
const soonMs = 24 * 60 * 60_000;

/** What a captured event shows to be missing, old or changed. The own account's picture is asked for only when it changed. */
export function wishesOf(captured: Captured, now: number): readonly ProfileWish[] {
  if (captured.kind !== "message" && captured.kind !== "waiting" && captured.kind !== "notification") return [];
  const { chat, sender } = captured;
  const isGroup = isGroupJid(chat.chatId);
  const wishes: ProfileWish[] = [];
  if (captured.kind === "notification" && pictureNews.has(captured.name)) {
    return [{ jid: chat.chatId, question: "picture", isNews: true }];
  }
  if (isGroup && captured.chatName === undefined) wishes.push({ jid: chat.chatId, question: "group", isNews: false });
  if ((isGroup || isPerson(chat.chatId)) && !isOwn(captured, chat.phone) && isDue(captured.chatPhoto, now)) {
    wishes.push({ jid: chat.chatId, question: "picture", isNews: false });
  }
  const author = idOf(sender);
  if (!captured.fromMe && author !== chat.chatId && isPerson(author) && isDue(captured.senderPhoto, now)) {
    wishes.push({ jid: author, question: "picture", isNews: false });
  }
  return wishes;
}

const pictureNews: ReadonlySet<string> = new Set([
  "CONTACT_PICTURE_UPDATED",
  "GROUP_CHANGE_ICON",
  "PROFILE_PICTURE_UPDATED",
]);

/** Undefined is missing; a link without an end is trusted until its answer is old (`refreshMs`). */
function isDue(url: string | undefined, now: number): boolean {
  const expiresAt = url === undefined ? undefined : pictureExpiresAt(url);
  return expiresAt === undefined || expiresAt < now + soonMs;
}

/** The JID people are kept under. */
function idOf({ phone, jid }: PersonRef): string {
  return phone === undefined ? jid : personJid(phone);
}

function isPerson(jid: string): boolean {
  return isPersonJid(jid) || isLidJid(jid);
}

function isOwn({ connectedPhone }: Scene, phone: string | undefined): boolean {
  return phone !== undefined && phone === connectedPhone;
}
