import { getSystemErrorMap } from "node:util";
import { errorTable, isWazapiError } from "#domain/errors.ts";
import { describeError } from "./error-fields.ts";
import type { Mask } from "./mask.ts";

/** How much of a value is written. What is beyond is cut off, and the place says so. */
const limits = { depth: 4, items: 20, names: 40, text: 1_000 } as const;

const hidden = "[hidden]";

/** Names whose value never leaves the process, whatever it is; compared in snake_case. */
const hiddenNames: ReadonlySet<string> = new Set([
  "answer",
  "authorization",
  "auth",
  "body",
  "caption",
  "captured",
  "content",
  "cookie",
  "credentials",
  "creds",
  "custom_code",
  "data",
  "dsn",
  "headers",
  "key",
  "message",
  "outgoing",
  "params",
  "password",
  "payload",
  "plaintext",
  "proto",
  "push_name",
  "qr",
  "query",
  "text",
]);

/** Parts of a name that make it one of these. */
const hiddenParts =
  /(?:^|_)(?:token|tokens|secret|secrets|password|qr|pairing_code|payload)(?:_|$)|_(?:key|text|body|dsn)$/;

/** Names that only look like it. */
const shownNames: ReadonlySet<string> = new Set(["fencing_token", "crash_key"]);

/** Ids of our own: digits in them are no phone numbers. */
const ids: ReadonlySet<string> = new Set([
  "instance_id",
  "request_id",
  "event_id",
  "zaap_id",
  "message_id",
  "node_id",
  "hook_id",
  "journal_id",
  "delivery_id",
]);

/** How values are shown on a line. */
export interface FieldOptions {
  readonly mask: Mask;
  /** Whether phone numbers and JIDs are left as they are. */
  readonly people: boolean;
  /** Remembers how names are written, so that it is worked out once; starts empty. */
  readonly names: Map<string, WrittenName>;
}

/** A name as it is written, and whether its value is hidden whatever it is. */
interface WrittenName {
  readonly name: string;
  readonly hidden: boolean;
}

/** Names remembered; they come from the code, so more of them is a mistake somewhere and costs only time. */
const maxNames = 1_000;

/** Fields as they are written: names in snake_case, values bounded, secrets out. Never throws. */
export function describeFields(
  fields: Readonly<Record<string, unknown>>,
  options: FieldOptions,
): Record<string, unknown> {
  return describeRecord(fields, { ...options, depth: 0 });
}

interface Place extends FieldOptions {
  readonly depth: number;
}

function describeRecord(record: object, place: Place): Record<string, unknown> {
  const described: Record<string, unknown> = {};
  const entries = Object.entries(record);
  for (const [name, value] of entries.slice(0, limits.names)) {
    const written = writtenName(name, place.names);
    const isHidden = written.hidden || (written.name === "code" && !isErrorCode(value));
    const shown = isHidden ? hidden : describe(value, { name: written.name, place });
    if (shown !== undefined) described[written.name] = shown;
  }
  if (entries.length > limits.names) described["more"] = entries.length - limits.names;
  return described;
}

function describe(value: unknown, at: { readonly name: string; readonly place: Place }): unknown {
  const { name, place } = at;
  switch (typeof value) {
    case "string":
      return describeText(value, at);
    case "number":
      if (name === "phone" && !place.people) return place.mask.people(String(value));
      // Fractions of a microsecond say nothing.
      return Number.isFinite(value) ? Math.round(value * 1_000) / 1_000 : String(value);
    case "boolean":
      return value;
    case "bigint":
      return value.toString();
    case "undefined":
    case "function":
    case "symbol":
      return undefined;
    case "object":
  }
  if (value === null) return null;
  if (value instanceof Error) return describeThrown(value, place);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "invalid date" : value.toISOString();
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (place.depth >= limits.depth) return "[deeper]";
  const deeper = { ...place, depth: place.depth + 1 };
  if (value instanceof Map) return `[map of ${value.size}]`;
  const list = value instanceof Set ? [...value] : value;
  if (!Array.isArray(list)) return describeRecord(value, deeper);
  const items: unknown[] = list.slice(0, limits.items).map((item) => describe(item, { name, place: deeper }) ?? null);
  return list.length > limits.items ? [...items, `[${list.length - limits.items} more]`] : items;
}

function describeThrown(error: Error, place: Place): unknown {
  const described = describeError(error, (text) => describeText(text, { name: "", place }));
  if (!isWazapiError(error) || Object.keys(error.details).length === 0) return described;
  return { ...described, details: describeRecord(error.details, { ...place, depth: place.depth + 1 }) };
}

function describeText(text: string, { name, place }: { readonly name: string; readonly place: Place }): string {
  // Cut first: masking costs by length, and a half of what is masked says nothing.
  const cut = text.length > limits.text ? `${text.slice(0, limits.text)}…` : text;
  const masked = plainWord.test(cut) ? cut : place.mask.secrets(cut);
  if (place.people) return masked;
  return ids.has(name) ? place.mask.jids(masked) : place.mask.people(masked);
}

/** Too short and too plain for any secret that is recognised by its form; most values are. */
const plainWord = /^(?!whsec_)[\w.-]{0,40}$/;

function writtenName(name: string, names: Map<string, WrittenName>): WrittenName {
  const known = names.get(name);
  if (known !== undefined) return known;
  const snake = snakeCase(name).slice(0, 80);
  const isHidden = !shownNames.has(snake) && (hiddenNames.has(snake) || hiddenParts.test(snake));
  const written = { name: snake, hidden: isHidden };
  if (names.size < maxNames) names.set(name, written);
  return written;
}

const systemCodes: ReadonlySet<string> = new Set(
  [...getSystemErrorMap().values()].map(([code]) => code).concat("ENOTFOUND", "ETIMEOUT"),
);

/** A pairing code is called `code` as well as the code of a failure; only the latter is one of ours or a number. */
function isErrorCode(value: unknown): boolean {
  if (typeof value !== "string") return typeof value === "number";
  return Object.hasOwn(errorTable, value) || systemCodes.has(value) || /^[A-Z]+(?:_[A-Z\d]+)+$/.test(value);
}

/** `instanceId` → `instance_id`: the one place that says how names are spelled on the wire. */
function snakeCase(name: string): string {
  return name
    .replace(/([a-z\d])([A-Z])/g, "$1_$2")
    .replace(/[\s.-]+/g, "_")
    .toLowerCase();
}
