import { z } from "zod";
import type { ChatRef, Scene } from "#domain/captured.ts";
import { isBroadcastJid, isGroupJid, isNewsletterJid } from "#domain/jid.ts";
import { phoneOf } from "#domain/phone.ts";
import { digitsOf, personPhone } from "./people.ts";

/** Fields that every ReceivedCallback has, in every envelope. */
export const sceneFields = {
  connectedPhone: z.string().describe("digits of the connected account"),
  isGroup: z.boolean(),
  isNewsletter: z.boolean(),
  instanceId: z.string(),
  phone: z.string().describe("chat: digits, <digits>@lid, <id>-group, <id>-broadcast or <id>@newsletter"),
  fromMe: z.boolean(),
  momment: z.int().describe("epoch milliseconds"),
  chatName: z.string(),
  senderPhoto: z.string().nullable(),
  senderName: z.string(),
  senderUsername: z.string().optional().describe("name of a sender who shows no number"),
  photo: z.string().nullable(),
  broadcast: z.boolean(),
  participantPhone: z.string().optional().describe("group sender, digits; absent in 1:1 chats"),
  participantLid: z.string().nullable(),
  type: z.literal("ReceivedCallback"),
};

/** Whether a chat has several people in it, so that its events name one. */
function hasParticipants(chat: ChatRef): boolean {
  return isGroupJid(chat.chatId) || isBroadcastJid(chat.chatId);
}

/** The chat as customers see it. */
export function chatPhone(chat: ChatRef): string {
  return chat.phone ?? phoneOf(chat.chatId);
}

/** `123@lid` of a 1:1 chat. */
export function chatLid(chat: ChatRef): string | null {
  return chat.chatLid ?? null;
}

/** Fields that say where and who. */
export function sceneOf(scene: Scene, instanceId: string) {
  const phone = chatPhone(scene.chat);
  const shared = hasParticipants(scene.chat);
  const senderName = scene.pushName ?? scene.sender.name ?? personPhone(scene.sender);
  return {
    connectedPhone: scene.connectedPhone ?? "",
    isGroup: isGroupJid(scene.chat.chatId),
    isNewsletter: isNewsletterJid(scene.chat.chatId),
    instanceId,
    phone,
    fromMe: scene.fromMe,
    momment: scene.at,
    chatName: scene.chatName ?? (shared || scene.fromMe ? phone : senderName),
    senderPhoto: scene.senderPhoto ?? null,
    senderName,
    ...(scene.sender.username === undefined ? {} : { senderUsername: scene.sender.username }),
    photo: scene.chatPhoto ?? null,
    broadcast: scene.broadcast,
    ...(shared ? { participantPhone: digitsOf(scene.sender) } : {}),
    participantLid: shared ? (scene.sender.lid ?? null) : null,
    type: "ReceivedCallback" as const,
  };
}
