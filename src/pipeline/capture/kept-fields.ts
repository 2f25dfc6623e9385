import { proto } from "@whiskeysockets/baileys";
import { keptAsPadding, keptFieldsOf, nameOfField, pollAddOptionField, pollV6Field } from "#domain/newer-fields.ts";
import { fieldsOf, type WireField } from "#lib/protobuf-fields.ts";
import type { Converted } from "./content/converted.ts";
import { contentName } from "./unwrap.ts";

/** The fields of a message that the client library does not know, as the session kept them beside it. */
function keptFields(message: proto.IMessage): readonly WireField[] {
  const kept = keptFieldsOf(message.messageContextInfo?.paddingBytes);
  return kept === undefined ? [] : (fieldsOf(kept) ?? []);
}

/** A message of a kind that is younger than the client library: what it is called, and its bytes. */
export function convertNewer(message: proto.IMessage): Converted | undefined {
  const [field] = keptFields(message);
  if (field === undefined) return undefined;
  const value = { field: field.number, base64: Buffer.from(field.value ?? field.bytes).toString("base64") };
  const name = nameOfField(field.number);
  return { content: { type: "other", name, value }, contentType: name.replace(/Message(?:V\d+)?$/, "") };
}

/** What a poll of version 6 says beyond those before it. */
export function pollExtras(message: proto.IMessage): { readonly endsAt?: number; readonly hidesVoters?: boolean } {
  const poll = keptFields(message).find(({ number }) => number === pollV6Field);
  const parts = (poll?.value === undefined ? undefined : fieldsOf(poll.value)) ?? [];
  const numberAt = (number: number): number | undefined => parts.find((part) => part.number === number)?.varint;
  // WhatsApp protocol: 9 is the end in epoch milliseconds, 10 says that nobody is shown who chose what.
  const endsAt = numberAt(9);
  return {
    ...(endsAt === undefined || endsAt === 0 ? {} : { endsAt }),
    ...(numberAt(10) === 1 ? { hidesVoters: true } : {}),
  };
}

/** An option that somebody adds to a poll, and to which; undefined when the message is none. */
export function addedOption(message: proto.IMessage): { readonly pollId?: string; readonly name: string } | undefined {
  const field = keptFields(message).find(({ number }) => number === pollAddOptionField);
  const parts = (field?.value === undefined ? undefined : fieldsOf(field.value)) ?? [];
  const [key, option] = [1, 2].map((number) => parts.find((part) => part.number === number)?.value);
  const named = (option === undefined ? undefined : fieldsOf(option))?.find(({ number }) => number === 1)?.value;
  if (named === undefined) return undefined;
  const pollId = key === undefined ? undefined : proto.MessageKey.decode(key).id;
  return { ...(pollId ? { pollId } : {}), name: Buffer.from(named).toString() };
}

/** WhatsApp protocol: keys, and what stands beside a content. */
const beside: ReadonlySet<number> = new Set([2, 15, 35]);

/** Reads a message that was sealed in another one, so that no session has seen it. Throws for what is none. */
export function decodedMessage(bytes: Uint8Array): proto.IMessage {
  const message: proto.IMessage = proto.Message.decode(bytes);
  if (contentName(message) !== undefined) return message;
  const fields = (fieldsOf(bytes) ?? []).filter(({ number }) => !beside.has(number));
  const messageContextInfo = { ...message.messageContextInfo, paddingBytes: keptAsPadding(fields.map((f) => f.bytes)) };
  const poll = fields.find(({ number }) => number === pollV6Field)?.value;
  if (poll === undefined) return { ...message, messageContextInfo };
  return { ...message, messageContextInfo, pollCreationMessageV5: proto.Message.PollCreationMessage.decode(poll) };
}
