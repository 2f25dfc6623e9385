import { proto } from "@whiskeysockets/baileys";
import { groupRootKeyField, keptAsPadding, pollV6Field } from "#domain/newer-fields.ts";
import { fieldsOf, fieldWith, type WireField } from "#lib/protobuf-fields.ts";
import type { UnknownWire } from "../unknown-wire.ts";

/** Told about each field that the client library does not know; must not throw. */
export type TellUnknown = (unknown: UnknownWire) => void;

/**
 * A `Message` in the words that Baileys' protobuf knows. Baileys decodes and drops what is younger than it, so before it
 * sees the bytes
 * - a poll of version 6 becomes one of version 5, which has the same layout; so votes work with its secret, too;
 * - a wrapper around a whole message (any field with nothing but a message in its first field) is taken off;
 * - anything else, where nothing readable stands beside it, is kept in the padding (`domain/newer-fields.ts`).
 *
 * Bytes in which nothing is unknown come back as they are, the same object. Never throws.
 */
export function readableMessage(message: Uint8Array, tell?: TellUnknown): Uint8Array {
  return rewritten(message, { shape: "message", tell: tell ?? (() => {}), depth: 0 }) ?? message;
}

/**
 * The messages of a history (bytes of a `HistorySync`) in which something is younger than Baileys' protobuf, in the words
 * that it knows: each as the bytes of its `WebMessageInfo`. Never throws.
 */
export function readableInHistory(history: Uint8Array, tell?: TellUnknown): readonly Uint8Array[] {
  const reading = { shape: inInfo, tell: tell ?? (() => {}), depth: 0 };
  const chats = valuesOf(history, inHistory.chats);
  const infos = chats.flatMap((chat) =>
    valuesOf(chat, inHistory.messages).flatMap((one) => valuesOf(one, inHistory.info)),
  );
  return infos.flatMap((info) => rewritten(info, reading) ?? []);
}

/** The same for a plaintext as it was encrypted, with WhatsApp's padding behind it: its last byte says how long that is. */
export function readablePlaintext(padded: Uint8Array, tell?: TellUnknown): Uint8Array {
  const length = padded.at(-1) ?? 0;
  if (length === 0 || length > padded.length) return padded;
  const message = padded.subarray(0, padded.length - length);
  const readable = readableMessage(message, tell);
  return readable === message ? padded : Buffer.concat([readable, Uint8Array.of(1)]);
}

/** What may stand in a field: a message, or something that has messages in its own fields. */
type Shape = "message" | { readonly [field: number]: Shape };

interface Reading {
  readonly shape: Shape;
  readonly tell: TellUnknown;
  readonly depth: number;
}

// Deeper nesting than this does not occur; it is passed on as it is.
const maxDepth = 8;
// WhatsApp protocol: numbers of `Message`, `ProtocolMessage` and their parts.
const fields = { keys: [2, 15], deviceSent: 31, context: 35, protocol: 12 };
const inHistory = { chats: 2, messages: 2, info: 1 };
const inInfo: Shape = { 2: "message" };
const padding = 4;
const pollV5Field = fieldsOf(proto.Message.encode({ pollCreationMessageV5: {} }).finish())?.[0]?.number ?? 111;

/** The rewritten bytes; undefined when nothing had to change. */
function rewritten(bytes: Uint8Array, reading: Reading): Uint8Array | undefined {
  const found = reading.depth > maxDepth ? undefined : fieldsOf(bytes);
  if (found === undefined) return undefined;
  const { shape, tell } = reading;
  const parts = found.map((field) => partOf(field, reading));
  const unknown = shape === "message" ? found.filter((_, at) => parts[at] === "unknown") : [];
  const isReadable = found.some(
    ({ number }, at) => parts[at] !== "unknown" && number !== fields.context && !fields.keys.includes(number),
  );
  for (const { number } of unknown) tell({ kind: "field", name: `Message.${number}` });
  const kept = unknown.filter(({ number }) => number !== groupRootKeyField && !(isReadable && number !== pollV6Field));
  if (kept.length === 0 && parts.every((part) => part === undefined || part === "unknown")) return undefined;
  const polls = kept.filter(({ number }) => number === pollV6Field);
  const all = Buffer.concat([
    ...found.flatMap((field, at) => {
      const part = parts[at];
      return part === "unknown" ? [] : [part ?? field.bytes];
    }),
    ...polls.map(({ value }) => fieldWith(pollV5Field, value ?? new Uint8Array(0))),
    ...(kept.length === 0
      ? []
      : [fieldWith(fields.context, fieldWith(padding, keptAsPadding(kept.map((field) => field.bytes))))]),
  ]);
  return shape === "message" ? withOneContext(all) : all;
}

function valuesOf(bytes: Uint8Array, number: number): readonly Uint8Array[] {
  return (fieldsOf(bytes) ?? []).flatMap((field) => (field.number === number && field.value ? [field.value] : []));
}

/** Of two contexts Baileys would read the last only; the secret of a poll stands beside its wrapper. */
function withOneContext(message: Uint8Array): Uint8Array {
  const all = fieldsOf(message) ?? [];
  const contexts = all.filter(({ number }) => number === fields.context);
  if (contexts.length < 2) return message;
  const others = all.filter(({ number }) => number !== fields.context).map(({ bytes }) => bytes);
  const context = Buffer.concat(contexts.map(({ value }) => value ?? new Uint8Array(0)));
  return Buffer.concat([...others, fieldWith(fields.context, context)]);
}

/** What stands for a field from now on: other bytes, itself (undefined), or nothing that Baileys could read. */
function partOf(field: WireField, reading: Reading): Uint8Array | "unknown" | undefined {
  const { number, value } = field;
  const { shape, depth } = reading;
  const inside = (shape: Shape): Reading => ({ ...reading, shape, depth: depth + 1 });
  if (shape !== "message") {
    const inner = shape[number];
    return inner === undefined || value === undefined ? undefined : within(field, inside(inner));
  }
  const known = knownFields().get(number);
  if (known !== undefined) return known === "plain" ? undefined : within(field, inside(known));
  const wrapped = wrappedIn(value);
  if (wrapped === undefined) return "unknown";
  reading.tell({ kind: "field", name: `Message.${number}` });
  return rewritten(wrapped, inside("message")) ?? wrapped;
}

function within(field: WireField, reading: Reading): Uint8Array | undefined {
  const inner = field.value === undefined ? undefined : rewritten(field.value, reading);
  return inner === undefined ? undefined : fieldWith(field.number, inner);
}

/** The message in a wrapper that nobody here knows; undefined when it does not look like one. */
function wrappedIn(value: Uint8Array | undefined): Uint8Array | undefined {
  const [first, ...more] = (value === undefined ? undefined : fieldsOf(value)) ?? [];
  if (first?.number !== 1 || first.value === undefined || more.length > 0) return undefined;
  const inner = fieldsOf(first.value);
  // WhatsApp protocol: every field of a message has a length; keys of messages, which could be mistaken for one, do not.
  if (inner === undefined || inner.length === 0 || inner.some(({ wireType }) => wireType !== 2)) return undefined;
  if (!inner.some(({ number }) => number === pollV6Field || isContent(number))) return undefined;
  try {
    proto.Message.decode(first.value);
    return first.value;
  } catch {
    return undefined;
  }
}

const isContent = (number: number): boolean =>
  knownFields().has(number) && number !== fields.context && !fields.keys.includes(number);

let known: ReadonlyMap<number, Shape | "plain"> | undefined;

/** Every field that Baileys' protobuf has in `Message`, and where messages are in it. Asked of the protobuf itself, once. */
function knownFields(): ReadonlyMap<number, Shape | "plain"> {
  known ??= new Map(
    Array.from({ length: highestField }, (_, at) => at + 1).flatMap((number) => {
      const shape = shapeOf(number);
      return shape === undefined ? [] : [[number, shape] as const];
    }),
  );
  return known;
}

const highestField = 400;

/** WhatsApp protocol: edits, and the messages that the own phone reads for its devices, stand inside `protocolMessage`. */
const inProtocol: Shape = { 14: "message", 17: { 3: { 4: { 1: { 2: "message" } } } } };

function shapeOf(number: number): Shape | "plain" | undefined {
  const [name] = Object.keys(proto.Message.decode(fieldWith(number, new Uint8Array(0))));
  if (name === undefined) return undefined;
  if (number === fields.protocol) return inProtocol;
  if (number === fields.deviceSent) return { 2: "message" };
  const empty = decoded(fieldWith(number, fieldWith(1, new Uint8Array(0))));
  const body: unknown = empty === undefined ? undefined : Reflect.get(empty, name);
  const inner: unknown = Object(body).message;
  return inner instanceof proto.Message ? { 1: "message" } : "plain";
}

function decoded(bytes: Uint8Array): proto.Message | undefined {
  try {
    return proto.Message.decode(bytes);
  } catch {
    return undefined;
  }
}
