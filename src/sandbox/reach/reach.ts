import { createHash } from "node:crypto";
import { setBounded } from "../bounded.ts";

/** A privacy token that somebody gave an account. */
export interface PrivacyToken {
  readonly bytes: Uint8Array;
  /** Seconds since 1970. */
  readonly t: number;
}

/** A lock on new chats. */
export interface ReachLock {
  /** Epoch milliseconds; undefined: until it is lifted. */
  readonly until?: number;
  readonly kind: string;
}

/** How many new chats an account may begin in a cycle. */
export interface ChatQuota {
  readonly total: number;
  readonly used: number;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly endsAt: number;
}

/** What the server knows of an account and the people it may write to first. */
export interface Reach {
  lock: ReachLock | undefined;
  quota: ChatQuota | undefined;
  /** Numbers of those who wrote to the account. */
  readonly writers: Map<string, true>;
  /** Numbers to whom the account began a chat in this cycle. */
  readonly begun: Map<string, true>;
  /** Tokens that the account was given, by number. */
  readonly tokens: Map<string, PrivacyToken>;
  /** Age of the token that a device of the account is known to have, by device and number. */
  readonly held: Map<string, number>;
  /** When a message to a number was refused last, epoch milliseconds. */
  readonly refused: Map<string, number>;
}

/** The same as JSON. */
export interface SavedReach {
  readonly lock?: ReachLock;
  readonly quota?: ChatQuota;
  readonly writers: readonly string[];
  readonly begun: readonly string[];
  readonly tokens: readonly (readonly [string, { readonly bytes: string; readonly t: number }])[];
  readonly held: readonly (readonly [string, number])[];
}

const maxPeople = 50_000;

/** Nobody wrote, nothing is locked. */
export function createReach(saved?: SavedReach): Reach {
  return {
    lock: saved?.lock,
    quota: saved?.quota,
    writers: new Map(saved?.writers.map((number) => [number, true])),
    begun: new Map(saved?.begun.map((number) => [number, true])),
    tokens: new Map(
      saved?.tokens.map(([number, { bytes, t }]) => [number, { bytes: Buffer.from(bytes, "base64"), t }]),
    ),
    held: new Map(saved?.held),
    refused: new Map(),
  };
}

/** As JSON; undefined when there is nothing to remember. */
export function saveReach({ lock, quota, writers, begun, tokens, held }: Reach): SavedReach | undefined {
  const isEmpty =
    lock === undefined && quota === undefined && writers.size + begun.size + tokens.size + held.size === 0;
  if (isEmpty) return undefined;
  return {
    ...(lock !== undefined && { lock }),
    ...(quota !== undefined && { quota }),
    writers: [...writers.keys()],
    begun: [...begun.keys()],
    tokens: [...tokens].map(([number, { bytes, t }]) => [number, { bytes: Buffer.from(bytes).toString("base64"), t }]),
    held: [...held],
  };
}

/** Remembers something about a number, forgetting the oldest where there are too many. */
export function remember<V>(map: Map<string, V>, key: string, value: V): void {
  setBounded(map, { key, value }, maxPeople);
}

// WhatsApp protocol: a token is good in the week it was given and the three after it.
const weekSeconds = 7 * 24 * 60 * 60;
const weeks = 4;

/** Whether a token of this age is still good; both in seconds since 1970. */
export function isGood(t: number, now: number): boolean {
  return t >= (Math.floor(now / weekSeconds) - (weeks - 1)) * weekSeconds;
}

/** The token by which this person knows the account; a new one each week, or when `fresh` asks for one. */
export function tokenFrom(
  reach: Reach,
  from: { readonly number: string; readonly seed: string; readonly now: number; readonly fresh: boolean },
): PrivacyToken {
  const { number, seed, now, fresh } = from;
  const given = reach.tokens.get(number);
  const isThisWeek = given !== undefined && Math.floor(given.t / weekSeconds) === Math.floor(now / weekSeconds);
  if (isThisWeek && !fresh) return given;
  // Two in one second would be the same age, and nobody could say which is newer.
  const t = Math.max(now, (given?.t ?? 0) + 1);
  const token = { bytes: createHash("sha256").update(`${seed}/token/${number}/${t}`).digest(), t };
  remember(reach.tokens, number, token);
  return token;
}
