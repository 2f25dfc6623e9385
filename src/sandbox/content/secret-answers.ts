import { createCipheriv, createHash, createHmac, randomBytes } from "node:crypto";
import { normalizeMessageContent, proto } from "@whiskeysockets/baileys";
import type { ContentContext, KnownMessage } from "../content-codec.ts";
import { SandboxError } from "../sandbox-error.ts";
import { findMessage } from "./find-message.ts";
import type { ContentBuilder } from "./builder.ts";

const pollVote: ContentBuilder<"pollVote"> = ({ messageId, options }, context) => {
  const known = findMessage(messageId, context);
  const poll = pollOf(known.message);
  if (poll === undefined) throw new SandboxError("invalid", `message ${messageId} is not a poll`);
  const offered = new Set((poll.options ?? []).map(({ optionName }) => optionName));
  const stranger = options.find((option) => !offered.has(option));
  if (stranger !== undefined) throw new SandboxError("invalid", `the poll has no option ${JSON.stringify(stranger)}`);
  if (poll.selectableOptionsCount === 1 && options.length > 1) {
    throw new SandboxError("invalid", "the poll takes one answer only");
  }
  // WhatsApp protocol: a vote names its options by the hash of their text; an empty list takes the vote back.
  const selectedOptions = options.map((option) => createHash("sha256").update(option).digest());
  const plain = proto.Message.PollVoteMessage.encode({ selectedOptions }).finish();
  const vote = sealAnswer({ known, context, purpose: "Poll Vote" }, plain);
  return {
    message: { pollUpdateMessage: { pollCreationMessageKey: known.key, vote, senderTimestampMs: context.now } },
  };
};

const eventResponse: ContentBuilder<"eventResponse"> = ({ messageId, response }, context) => {
  const known = findMessage(messageId, context);
  if (!normalizeMessageContent(known.message)?.eventMessage) {
    throw new SandboxError("invalid", `message ${messageId} is not an event`);
  }
  const plain = proto.Message.EventResponseMessage.encode({
    response: responses[response],
    timestampMs: context.now,
    extraGuestCount: 0,
  }).finish();
  const sealed = sealAnswer({ known, context, purpose: "Event Response" }, plain);
  return { message: { encEventResponseMessage: { eventCreationMessageKey: known.key, ...sealed } } };
};

/** Answers that only those who hold the secret of the question can read. */
export const secretAnswerContents = { pollVote, eventResponse };

const { EventResponseType } = proto.Message.EventResponseMessage;
const responses = {
  going: EventResponseType.GOING,
  notGoing: EventResponseType.NOT_GOING,
  maybe: EventResponseType.MAYBE,
} as const;

/** The poll in a message, whichever version of it. */
export function pollOf(message: proto.IMessage): proto.Message.IPollCreationMessage | undefined {
  const inner = normalizeMessageContent(message);
  return (
    inner?.pollCreationMessage ??
    inner?.pollCreationMessageV2 ??
    inner?.pollCreationMessageV3 ??
    inner?.pollCreationMessageV5 ??
    undefined
  );
}

/** What a key that comes of a message's secret is for. */
export type SecretUse =
  | "Poll Vote"
  | "Event Response"
  | "Event Edit"
  | "Message Edit"
  | "Poll Edit"
  | "Poll Add Option"
  | "Enc Reaction"
  | "Enc Comment";

interface Question {
  readonly known: KnownMessage;
  readonly context: ContentContext;
  readonly purpose: "Poll Vote" | "Event Response";
}

/**
 * WhatsApp protocol: the key of an answer is an HKDF of the question's secret over (message id, author, answerer, use);
 * jids are without device.
 */
export function answerKey(
  secret: Uint8Array,
  names: {
    readonly messageId: string;
    readonly authorJid: string;
    readonly answererJid: string;
    readonly use: SecretUse;
  },
): Uint8Array {
  const extracted = createHmac("sha256", new Uint8Array(32)).update(secret).digest();
  const info = [names.messageId, names.authorJid, names.answererJid, names.use].join("");
  return createHmac("sha256", extracted).update(info).update(Uint8Array.of(1)).digest();
}

/** WhatsApp protocol: AES-256-GCM with (message id, zero byte, answerer) as additional data. */
function sealAnswer(question: Question, plain: Uint8Array): { encPayload: Uint8Array; encIv: Uint8Array } {
  const { known, context, purpose } = question;
  const secret = known.message.messageContextInfo?.messageSecret;
  if (!secret) throw new SandboxError("not_supported", `message ${known.key.id} carries no secret to answer with`);
  const names = { messageId: known.key.id, authorJid: known.authorJid, answererJid: context.senderJid, use: purpose };
  const key = answerKey(secret, names);
  const encIv = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, encIv);
  cipher.setAAD(Buffer.from(`${known.key.id}\0${context.senderJid}`));
  return { encPayload: Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]), encIv };
}
