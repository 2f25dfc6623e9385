import { proto } from "@whiskeysockets/baileys";
import { WazapiError } from "#domain/errors.ts";
import { isGroupJid, sameJid } from "#domain/jid.ts";
import type { ForwardContent } from "#domain/outgoing/social.ts";
import type { BuildPayload } from "./payload.ts";
import { type KnownMessage, knownMessage } from "./target.ts";

/**
 * A stored message once more, marked as forwarded; files are named by their place at WhatsApp, not uploaded again. What
 * it quoted and whom it mentioned stays behind. Throws `message_not_found`, and `invalid_request` for what WhatsApp does
 * not let anybody forward.
 */
export const forwardPayload: BuildPayload<ForwardContent> = async (deps, { instanceId, content }) => {
  const { messageId, from } = content;
  const known = await knownMessage(deps.messages, { instanceId, messageId });
  if (known === undefined) {
    throw new WazapiError("message_not_found", { message: `message ${messageId} is not stored here` });
  }
  // A person has two names, a group has one.
  if (from !== undefined && (isGroupJid(from) || isGroupJid(known.chat)) && !sameJid(from, known.chat)) {
    throw new WazapiError("invalid_request", { message: `message ${messageId} is not in that chat` });
  }
  return { message: forwarded(known, Buffer.from(content.secret, "base64")) };
};

/** Contents that may go on, as texts are. */
const forwardable = [
  "imageMessage",
  "videoMessage",
  "ptvMessage",
  "audioMessage",
  "documentMessage",
  "stickerMessage",
  "extendedTextMessage",
  "locationMessage",
  "contactMessage",
  "contactsArrayMessage",
  "groupInviteMessage",
  "productMessage",
  "pollCreationMessage",
  "pollCreationMessageV2",
  "pollCreationMessageV3",
  "eventMessage",
] as const satisfies readonly (keyof proto.IMessage)[];

function forwarded(known: KnownMessage, messageSecret: Uint8Array): proto.IMessage {
  if (isViewOnce(known)) {
    throw new WazapiError("invalid_request", { message: "a message that may be opened once cannot be forwarded" });
  }
  // A copy, so that the stored one is not marked.
  const copy = proto.Message.decode(proto.Message.encode(known.content).finish());
  const text = copy.conversation;
  const kind = forwardable.find((name) => copy[name] !== null && copy[name] !== undefined);
  if (kind === undefined && !text) {
    throw new WazapiError("invalid_request", {
      message: `message ${known.messageId} is of a kind that cannot be forwarded`,
    });
  }
  const body = kind === undefined ? { text } : copy[kind];
  const before = kind === undefined ? undefined : copy[kind]?.contextInfo?.forwardingScore;
  const contextInfo = { isForwarded: true, forwardingScore: (before ?? 0) + 1 };
  const asked = kind !== undefined && (kind.startsWith("pollCreation") || kind === "eventMessage");
  return {
    [kind ?? "extendedTextMessage"]: { ...body, contextInfo },
    // A question that is asked again is answered for itself.
    ...(asked && { messageContextInfo: { messageSecret } }),
  };
}

function isViewOnce({ message, content }: KnownMessage): boolean {
  for (let inner: proto.IMessage | null | undefined = message, depth = 0; inner && depth < 5; depth += 1) {
    if (inner.viewOnceMessage ?? inner.viewOnceMessageV2 ?? inner.viewOnceMessageV2Extension) return true;
    inner = inner.ephemeralMessage?.message ?? inner.documentWithCaptionMessage?.message;
  }
  return [content.imageMessage, content.videoMessage, content.audioMessage].some((part) => part?.viewOnce === true);
}
