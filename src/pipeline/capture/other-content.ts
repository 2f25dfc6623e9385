import type { proto } from "@whiskeysockets/baileys";
import { convertNewer } from "./kept-fields.ts";
import type { Converted } from "./content/converted.ts";
import { plainOf } from "./numbers.ts";
import { contentName, unwrap } from "./unwrap.ts";

/** What a message of a kind without a documented form is: itself, under its own name. */
export function convertOther(message: proto.IMessage): Converted | undefined {
  const name = contentName(message);
  if (name === undefined) return convertNewer(message);
  const value = plainOf(message[name]);
  const isRecord = typeof value === "object" && value !== null && !Array.isArray(value);
  const text = wordsOf(message);
  return {
    content: {
      type: "other",
      name,
      value: isRecord ? { ...value } : { value },
      ...(text === undefined ? {} : { text }),
    },
  };
}

/** What somebody would read in it. */
function wordsOf(message: proto.IMessage): string | undefined {
  const { richResponseMessage: rich, commentMessage, questionResponseMessage, statusQuestionAnswerMessage } = message;
  // WhatsApp protocol: an answer of an AI comes in parts, of which those with words have them in `messageText`.
  const parts = (rich?.submessages ?? []).flatMap(({ messageText }) => messageText || []);
  if (parts.length > 0) return parts.join("\n");
  const comment = commentMessage?.message ? unwrap(commentMessage.message).message : undefined;
  const words =
    comment?.conversation ??
    comment?.extendedTextMessage?.text ??
    questionResponseMessage?.text ??
    statusQuestionAnswerMessage?.text;
  return words || undefined;
}
