import { z } from "zod";

/** A value, or what is wrong with it; the words follow "must". */
type Read<T> = { readonly value: T } | { readonly must: string };

/** A schema that reads one raw value, text from the environment included. */
function reads<Input, Output>(read: (raw: unknown) => Read<Output>): z.ZodType<Output, Input> {
  return z
    .custom<Input>(() => true)
    .transform((raw, context) => {
      const result = read(raw);
      if ("value" in result) return result.value;
      context.issues.push({ code: "custom", message: `must ${result.must}`, input: raw });
      return z.NEVER;
    });
}

/** A text that is not blank, of at least `minLength` characters. */
export function text(minLength = 1): z.ZodType<string, string> {
  return reads((raw) => {
    const value = typeof raw === "string" ? raw.trim() : undefined;
    if (value !== undefined && value.length >= minLength) return { value };
    return { must: minLength === 1 ? "be a text that is not empty" : `have at least ${minLength} characters` };
  });
}

/** One of a few words, in any case. */
export function word<const W extends string>(...words: readonly W[]): z.ZodType<W, W> {
  return reads((raw) => {
    const value = words.find((one) => typeof raw === "string" && one === raw.trim().toLowerCase());
    return value === undefined ? { must: `be one of ${words.join(", ")}` } : { value };
  });
}

/** A whole number, also as digits. */
export function whole(min: number, max: number = Number.MAX_SAFE_INTEGER): z.ZodType<number, number | string> {
  return reads((raw) => {
    const value = typeof raw === "string" && /^-?\d{1,16}$/.test(raw.trim()) ? Number(raw) : raw;
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max) return { value };
    return {
      must: `be a whole number ${max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`}`,
    };
  });
}

const words: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  "1": true,
  false: false,
  no: false,
  off: false,
  "0": false,
};

/** True or false, also as the words true/false, yes/no, on/off, 1/0. */
export const yesNo: z.ZodType<boolean, boolean | string> = reads((raw) => {
  const value = typeof raw === "string" ? words[raw.trim().toLowerCase()] : raw;
  return typeof value === "boolean" ? { value } : { must: "be true or false" };
});

const durationUnits: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Longest wait a timer of the runtime can take; longer ones would fire at once. */
const maxTimerMs = 2_147_483_647;

/**
 * A length of time: text with a unit (`250ms`, `15s`, `7d`), or a number of milliseconds. Bare digits in a text are
 * refused, because who writes `15` means seconds as often as milliseconds.
 */
export function duration(minMs: number, maxMs: number = maxTimerMs): z.ZodType<number, number | string> {
  return reads((raw) => {
    // Nothing needs no unit.
    const value = raw === "0" ? 0 : typeof raw === "string" ? measured(raw, durationUnits) : raw;
    if (typeof value !== "number" || !Number.isFinite(value)) {
      return { must: "be a length of time with its unit, like 250ms, 15s, 10m, 24h or 7d" };
    }
    if (value < minMs || value > maxMs) return { must: `be from ${inUnits(minMs)} to ${inUnits(maxMs)}` };
    return { value: Math.round(value) };
  });
}

/** How long something is kept: at most a hundred years. */
export function retention(): z.ZodType<number, number | string> {
  return duration(1_000, 36_500 * 86_400_000);
}

/** Milliseconds in the largest unit that divides them. */
export function inUnits(ms: number): string {
  // Nobody thinks of a day as a seventh of a week.
  const unit = Object.entries(durationUnits).findLast(([name, size]) => name !== "w" && ms >= size && ms % size === 0);
  return unit === undefined ? `${ms}ms` : `${ms / unit[1]}${unit[0]}`;
}

const byteUnits: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kb: 1_000,
  mb: 1_000_000,
  gb: 1_000_000_000,
  kib: 1_024,
  mib: 1_048_576,
  gib: 1_073_741_824,
};

/** An amount of bytes: a number, or text like `64MB` (millions) or `64MiB`. */
export function bytes(min: number, max: number = Number.MAX_SAFE_INTEGER): z.ZodType<number, number | string> {
  return reads((raw) => {
    const value = typeof raw === "string" ? measured(raw, byteUnits) : raw;
    if (typeof value !== "number" || !Number.isFinite(value)) return { must: "be an amount of bytes, like 64MB" };
    return value >= min && value <= max
      ? { value: Math.round(value) }
      : { must: `be from ${inBytes(min)} to ${inBytes(max)}` };
  });
}

/** Bytes in the largest unit that divides them. */
export function inBytes(amount: number): string {
  const units = { GiB: 1_073_741_824, MiB: 1_048_576, KiB: 1_024 };
  const unit = Object.entries(units).find(([, size]) => amount >= size && amount % size === 0);
  return unit === undefined ? `${amount}B` : `${amount / unit[1]}${unit[0]}`;
}

function measured(raw: string, units: Readonly<Record<string, number>>): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(raw.trim());
  const unit = units[match?.[2]?.toLowerCase() ?? ""];
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit;
}

/** Where to listen. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * `HOST:PORT`, an IPv6 host in brackets. The host has to be named: other programs take `:8080` for "every interface",
 * which must not happen by accident here.
 */
export const address: z.ZodType<Address, string | Address> = reads((raw) => {
  const { host, port }: { host?: unknown; port?: unknown } = typeof raw === "string" ? split(raw) : Object(raw);
  const number = typeof port === "string" && /^\d{1,5}$/.test(port.trim()) ? Number(port) : port;
  const bare = typeof host === "string" ? host.trim().replace(/^\[(.*)\]$/, "$1") : "";
  if (bare !== "" && !/[\s/]/.test(bare) && isPort(number)) return { value: { host: bare, port: number } };
  return { must: "be HOST:PORT, like 127.0.0.1:8080, or 0.0.0.0:8080 for every interface" };
});

function split(raw: string): { host?: string; port?: string } {
  const match = /^(\[[^\]]+\]|[^:]*):(\d+)$/.exec(raw.trim());
  return match?.[1] === undefined || match[2] === undefined ? {} : { host: match[1], port: match[2] };
}

function isPort(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 65_535;
}

/** A URL of one of these schemes, without a slash at the end; the value is never repeated in a message. */
export function url(...schemes: readonly string[]): z.ZodType<string, string> {
  return reads((raw) => {
    const value = typeof raw === "string" ? raw.trim().replace(/\/+$/, "") : "";
    const scheme = URL.canParse(value) ? new URL(value).protocol.slice(0, -1) : "";
    if (schemes.includes(scheme)) return { value };
    return { must: `be a URL that begins with ${schemes.map((one) => `${one}://`).join(" or ")}` };
  });
}

/** 32 bytes as 64 hexadecimal digits or as base64; stays text. */
export const key32: z.ZodType<string, string> = reads((raw) => {
  const value = typeof raw === "string" ? raw.trim() : "";
  return keyBytes(value) === undefined
    ? { must: "be 32 bytes as 64 hexadecimal digits or as base64 (openssl rand -hex 32)" }
    : { value };
});

/** The bytes of a key; undefined when they are not 32. */
export function keyBytes(value: string): Buffer | undefined {
  if (/^[0-9a-f]{64}$/i.test(value)) return Buffer.from(value, "hex");
  if (!/^[\w+/-]{43}=?$/.test(value)) return undefined;
  const decoded = Buffer.from(value, "base64");
  return decoded.length === 32 ? decoded : undefined;
}

/** Three numbers with dots, like `2.3000.1023223821`. */
export const version: z.ZodType<readonly [number, number, number], string> = reads((raw) => {
  const parts = typeof raw === "string" ? /^(\d+)\.(\d+)\.(\d+)$/.exec(raw.trim()) : null;
  if (parts === null) return { must: "be three numbers with dots, like 2.3000.1023223821" };
  return { value: [Number(parts[1]), Number(parts[2]), Number(parts[3])] };
});
