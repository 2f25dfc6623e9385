import { createDecipheriv, createHash } from "node:crypto";
import { normalizeMessageContent, proto } from "@whiskeysockets/baileys";
import type { KnownMessage } from "../content-codec.ts";
import type { OpenedAnswer } from "../shown.ts";
import { messageToJson } from "./proto-json.ts";
import { answerKey, pollOf } from "./secret-answers.ts";

/** A question as the phone that opens an answer has it. */
export interface Question {
  readonly known: KnownMessage;
  /** JID of who answered, without device, as the question was addressed. */
  readonly answererJid: string;
}

/** Finds a question by its message id. */
export type FindQuestion = (messageId: string) => Question | undefined;

/**
 * What a vote, a response or an edit of an event says to somebody who has the question; undefined for other messages.
 * One that cannot be opened, or names the question wrongly, says why.
 */
export function openAnswer(message: proto.IMessage, find: FindQuestion): OpenedAnswer | undefined {
  const inner = normalizeMessageContent(message) ?? message;
  const { pollUpdateMessage: vote, encEventResponseMessage: response, secretEncryptedMessage: edit } = inner;
  if (vote) return open({ key: vote.pollCreationMessageKey, sealed: vote.vote, find }, "Poll Vote");
  if (response) return open({ key: response.eventCreationMessageKey, sealed: response, find }, "Event Response");
  if (edit?.secretEncType === proto.Message.SecretEncryptedMessage.SecretEncType.EVENT_EDIT) {
    return open({ key: edit.targetMessageKey, sealed: edit, find }, "Event Edit");
  }
  return undefined;
}

type Use = "Poll Vote" | "Event Response" | "Event Edit";

interface Sealed {
  readonly key: proto.IMessageKey | null | undefined;
  readonly sealed: { encPayload?: Uint8Array | null; encIv?: Uint8Array | null } | null | undefined;
  readonly find: FindQuestion;
}

const tagBytes = 16;

function open({ key, sealed, find }: Sealed, use: Use): OpenedAnswer {
  const messageId = key?.id ?? "";
  const failed = (error: string): OpenedAnswer => ({ messageId, error });
  const found = find(messageId);
  if (found === undefined) return failed("the question is not known");
  const { known: question, answererJid } = found;
  const { encPayload, encIv } = sealed ?? {};
  const secret = question.message.messageContextInfo?.messageSecret;
  if (!encPayload || !encIv || !secret) return failed("there is nothing to open, or nothing to open it with");
  const byAnswerer = question.authorJid === answererJid;
  if ((key?.fromMe === true) !== byAnswerer) return failed("the key of the question names another author");
  const { participant } = question.key;
  if (participant !== undefined && key?.participant !== participant) {
    return failed("the key of the question names another participant");
  }
  try {
    const names = { messageId, authorJid: question.authorJid, answererJid };
    const decipher = createDecipheriv("aes-256-gcm", answerKey(secret, { ...names, use }), encIv);
    if (use !== "Event Edit") decipher.setAAD(Buffer.from(`${messageId}\0${answererJid}`));
    const end = encPayload.length - tagBytes;
    decipher.setAuthTag(encPayload.subarray(end));
    const plain = Buffer.concat([decipher.update(encPayload.subarray(0, end)), decipher.final()]);
    return { messageId, ...readers[use](plain, question.message) };
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error));
  }
}

const readers: Readonly<Record<Use, (plain: Uint8Array, question: proto.IMessage) => Omit<OpenedAnswer, "messageId">>> =
  {
    "Poll Vote": (plain, question) => {
      const names = new Map(
        (pollOf(question)?.options ?? []).map(({ optionName }) => [hashOf(optionName ?? ""), optionName ?? ""]),
      );
      const chosen = proto.Message.PollVoteMessage.decode(plain).selectedOptions ?? [];
      const options = chosen.map((hash) => names.get(Buffer.from(hash).toString("hex")));
      const known = options.filter((name) => name !== undefined);
      return known.length === options.length
        ? { options: known }
        : { error: "the vote is for an option that is not there" };
    },
    "Event Response": (plain) => {
      const { response, extraGuestCount } = proto.Message.EventResponseMessage.decode(plain);
      const { EventResponseType } = proto.Message.EventResponseMessage;
      return { response: EventResponseType[response ?? 0] ?? "UNKNOWN", extraGuests: extraGuestCount ?? 0 };
    },
    "Event Edit": (plain) => ({ edited: messageToJson(proto.Message.decode(plain)) }),
  };

const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex");
