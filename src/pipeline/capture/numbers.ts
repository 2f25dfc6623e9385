import { latestMs } from "#lib/clock.ts";
/** A 64-bit number as protobuf gives it. */
export interface LongLike {
  readonly low: number;
  readonly high: number;
  readonly unsigned: boolean;
  readonly toNumber?: () => number;
}

/** Whatever protobuf uses for numbers as a number; 0 for nothing. */
export function numberOf(value: number | bigint | string | LongLike | null | undefined): number {
  if (value === null || value === undefined) return 0;
  if (typeof value === "object") return isLong(value) ? value.high * 4_294_967_296 + (value.low >>> 0) : 0;
  const number = Number(value);
  return Number.isFinite(number) ? number : 0;
}

/**
 * Epoch milliseconds of seconds on the wire; `fallback` for what is no moment: nothing, a negative number, or one so large
 * that no row could keep it (the whole line behind such a row would stand still for ever).
 */
export function epochMsOf(seconds: Parameters<typeof numberOf>[0], fallback: number): number {
  const ms = Math.trunc(numberOf(seconds) * 1000);
  return ms > 0 && ms <= latestMs ? ms : fallback;
}

/** Both halves of a 64-bit number. */
export function halvesOf(value: number | bigint | string | LongLike | null | undefined) {
  if (typeof value === "object" && value !== null && isLong(value)) {
    return { low: value.low, high: value.high, unsigned: value.unsigned };
  }
  const number = numberOf(value);
  return { low: number | 0, high: Math.floor(number / 4_294_967_296), unsigned: false };
}

/** Whether this is protobuf's object for a 64-bit number. */
function isLong(value: object): value is LongLike {
  return "low" in value && "high" in value && typeof value.low === "number" && typeof value.high === "number";
}

/** A message as JSON: numbers as numbers, without binary fields (keys, hashes, pictures) and without empty ones. */
export function plainOf(value: unknown): unknown {
  if (value === null || value === undefined || value instanceof Uint8Array) return undefined;
  if (Array.isArray(value)) return value.map(plainOf).filter((item) => item !== undefined);
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "object") return value;
  if (isLong(value)) return numberOf(value);
  const entries = Object.entries(value)
    .map(([key, inner]) => [key, plainOf(inner)] as const)
    .filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries);
}
