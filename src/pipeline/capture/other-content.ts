import type { proto } from "@whiskeysockets/baileys";
import { convertNewer } from "./kept-fields.ts";
import { given, type Converted } from "./content/converted.ts";
import { plainOf } from "./numbers.ts";
import { contentName, unwrap } from "./unwrap.ts";

/** What a message of a kind without a documented form is: its words where it has some, else itself, under its own name. */
export function convertOther(message: proto.IMessage): Converted | undefined {
  const name = contentName(message);
  if (name === undefined) return convertNewer(message);
  const contentType = shortNames[name] ?? name.replace(/Message(?:V\d+)?$/, "");
  const words = wordsOf(message);
  if (words !== undefined) {
    const { text, below } = words;
    return { content: { type: "text", text }, contentType, ...given("quotedMessageId", below) };
  }
  const value = plainOf(message[name]);
  const isRecord = typeof value === "object" && value !== null && !Array.isArray(value);
  return { content: { type: "other", name, value: isRecord ? { ...value } : { value } }, contentType };
}

/** Where leaving out `Message` does not say what it is. */
const shortNames: Readonly<Record<string, string>> = {
  callLogMesssage: "callLog",
  scheduledCallCreationMessage: "scheduledCall",
  bcallMessage: "broadcastCall",
  messageHistoryBundle: "groupHistory",
  messageHistoryNotice: "groupHistoryNotice",
  secretEncryptedMessage: "sealedEdit",
  encReactionMessage: "sealedReaction",
  encCommentMessage: "sealedComment",
  requestPhoneNumberMessage: "phoneNumberRequest",
};

/** What somebody would read in it, and the message it stands below. */
function wordsOf(
  message: proto.IMessage,
): { readonly text: string; readonly below?: string | null | undefined } | undefined {
  const { richResponseMessage: rich, commentMessage, questionResponseMessage: response } = message;
  // WhatsApp protocol: an answer of an AI comes in parts, of which those with words have them in `messageText`.
  const parts = (rich?.submessages ?? []).flatMap(({ messageText }) => messageText || []);
  if (parts.length > 0) return { text: parts.join("\n") };
  const comment = commentMessage?.message ? unwrap(commentMessage.message).message : undefined;
  const said = comment?.conversation ?? comment?.extendedTextMessage?.text;
  if (said) return { text: said, below: commentMessage?.targetMessageKey?.id };
  return response?.text ? { text: response.text, below: response.key?.id } : undefined;
}
