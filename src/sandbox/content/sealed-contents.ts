import { createCipheriv, randomBytes } from "node:crypto";
import { normalizeMessageContent, proto } from "@whiskeysockets/baileys";
import { fieldWith, varint } from "#lib/protobuf-fields.ts";
import type { ContentContext, KnownMessage } from "../content-codec.ts";
import { SandboxError } from "../sandbox-error.ts";
import type { Built, ContentBuilder } from "./builder.ts";
import { findMessage } from "./find-message.ts";
import { eventMessage } from "./plain-contents.ts";
import { answerKey, pollOf, type SecretUse } from "./secret-answers.ts";
import { asBytes } from "./wire-bytes.ts";

const comment: ContentBuilder<"comment"> = ({ messageId, text, sealed }, context) => {
  const known = findMessage(messageId, context);
  const message = { extendedTextMessage: { text } };
  if (sealed !== true) return { message: { commentMessage: { message, targetMessageKey: known.key } } };
  const parts = sealFor(known, context, { use: "Enc Comment", plain: proto.Message.encode(message).finish() });
  return { message: { encCommentMessage: { targetMessageKey: known.key, ...parts } } };
};

const eventEdit: ContentBuilder<"eventEdit"> = ({ messageId, ...body }, context) => {
  const known = ownMessage(messageId, context);
  if (!normalizeMessageContent(known.message)?.eventMessage) throw notA("an event", messageId);
  const plain = proto.Message.encode({ eventMessage: eventMessage(body) }).finish();
  return secretEncrypted(known, context, { use: "Event Edit", plain });
};

const pollEdit: ContentBuilder<"pollEdit"> = ({ messageId, question, options }, context) => {
  const known = ownMessage(messageId, context);
  const poll = pollOf(known.message);
  if (poll === undefined) throw notA("a poll", messageId);
  const edited = { ...poll, name: question, options: options.map((optionName) => ({ optionName })) };
  const plain = proto.Message.encode({ pollCreationMessageV3: edited }).finish();
  return secretEncrypted(known, context, { use: "Poll Edit", plain });
};

const pollOption: ContentBuilder<"pollOption"> = ({ messageId, option }, context) => {
  const known = findMessage(messageId, context);
  if (pollOf(known.message) === undefined) throw notA("a poll", messageId);
  // WhatsApp protocol: field 121 of `Message`, younger than our protobuf: (key of the poll, option).
  const key = fieldWith(1, proto.MessageKey.encode(known.key).finish());
  const added = fieldWith(2, proto.Message.PollCreationMessage.Option.encode({ optionName: option }).finish());
  const plain = fieldWith(121, Buffer.concat([key, added]));
  return secretEncrypted(known, context, { use: "Poll Add Option", plain });
};

const pollV6: ContentBuilder<"pollV6"> = ({ question, options, multiple, hideVoters, endsAt }, context) => {
  const creation = {
    name: question,
    options: options.map((optionName) => ({ optionName })),
    selectableOptionsCount: multiple === true ? 0 : 1,
  };
  const messageContextInfo = { messageSecret: randomBytes(32) };
  // WhatsApp protocol: field 119 of `Message`, laid out like the polls before it; 9 is its end, 10 hides who chose what.
  const more = [
    ...(endsAt === undefined ? [] : [varint(9 * 8), varint(Math.max(endsAt, context.now))]),
    ...(hideVoters === true ? [varint(10 * 8), varint(1)] : []),
  ];
  const poll = Buffer.concat([proto.Message.PollCreationMessage.encode(creation).finish(), ...more]);
  const bytes = Buffer.concat([proto.Message.encode({ messageContextInfo }).finish(), fieldWith(119, poll)]);
  // What sandbox phones know of it, so that they can vote.
  return { message: asBytes({ pollCreationMessageV5: creation, messageContextInfo }, bytes) };
};

/** Contents that only holders of another message's secret can read, and polls that hide their voters. */
export const sealedContents = { comment, eventEdit, pollEdit, pollOption, pollV6 };

/** A reaction as it is written in announcement groups of communities. */
export function sealedReaction(known: KnownMessage, context: ContentContext, emoji: string): proto.IMessage {
  const plain = proto.Message.ReactionMessage.encode({ text: emoji, senderTimestampMs: context.now }).finish();
  const parts = sealFor(known, context, { use: "Enc Reaction", plain });
  return { encReactionMessage: { targetMessageKey: known.key, ...parts } };
}

/** An edit as phones write it since May 2026; undefined for a message without a secret, whose edit goes in clear. */
export function sealedEdit(
  known: KnownMessage,
  context: ContentContext,
  protocolMessage: proto.Message.IProtocolMessage,
): Built | undefined {
  if (!known.message.messageContextInfo?.messageSecret) return undefined;
  const plain = proto.Message.encode({ protocolMessage }).finish();
  return secretEncrypted(known, context, { use: "Message Edit", plain });
}

const secretTypes: Readonly<Partial<Record<SecretUse, number>>> = {
  "Event Edit": 1,
  "Message Edit": 2,
  "Poll Edit": 4,
  "Poll Add Option": 5,
};

interface Secret {
  readonly use: SecretUse;
  readonly plain: Uint8Array;
}

function secretEncrypted(known: KnownMessage, context: ContentContext, secret: Secret): Built {
  const secretEncryptedMessage = proto.Message.SecretEncryptedMessage.fromObject({
    targetMessageKey: known.key,
    ...sealFor(known, context, secret),
    // Later numbers are younger than our protobuf, which passes them on.
    secretEncType: secretTypes[secret.use] ?? 0,
  });
  return { message: { secretEncryptedMessage }, edit: "1" };
}

/** WhatsApp protocol: AES-256-GCM without additional data, unlike votes and responses. */
function sealFor(known: KnownMessage, context: ContentContext, { use, plain }: Secret) {
  const secret = known.message.messageContextInfo?.messageSecret;
  if (!secret) throw new SandboxError("not_supported", `message ${known.key.id} carries no secret to seal with`);
  const names = { messageId: known.key.id, authorJid: known.authorJid, answererJid: context.senderJid, use };
  const encIv = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", answerKey(secret, names), encIv);
  return { encPayload: Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]), encIv };
}

function ownMessage(messageId: string, context: ContentContext): KnownMessage {
  const known = findMessage(messageId, context);
  if (!known.key.fromMe) throw new SandboxError("invalid", "only the author of a message can edit it");
  return known;
}

const notA = (what: string, messageId: string): SandboxError =>
  new SandboxError("invalid", `message ${messageId} is not ${what}`);
