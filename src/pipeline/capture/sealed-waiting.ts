import type { proto, WAMessage } from "@whiskeysockets/baileys";
import type { Clock } from "#lib/clock.ts";
import { createTtlCache } from "#lib/ttl-cache.ts";

/** A sealed message whose target was not known when it came, and how it had come. */
export interface SealedMessage<Origin> {
  readonly origin: Origin;
  readonly info: WAMessage;
}

/** Messages that wait for the one whose secret opens them, and those that have just come and are no rows yet. */
export interface SealedWaiting<Origin> {
  readonly wait: (instanceId: string, targetId: string, sealed: SealedMessage<Origin>) => void;
  /** Those that waited for this message, in the order they came; they are asked for once. */
  readonly arrived: (instanceId: string, info: WAMessage) => readonly SealedMessage<Origin>[];
  /** A stored message reads like this from now on. */
  readonly replaced: (instanceId: string, info: WAMessage) => void;
  /** A message of the last minute. */
  readonly recent: (instanceId: string, messageId: string) => proto.IWebMessageInfo | undefined;
}

/** Remembers nothing: for messages of the past. */
export function nothingSealed<Origin>(): SealedWaiting<Origin> {
  return { wait: () => {}, arrived: () => [], replaced: () => {}, recent: () => undefined };
}

/** How long a sealed message waits. It is published unread meanwhile, so forgetting it loses nothing. */
export const sealedWaitMs = 24 * 3_600_000;
const recentMs = 60_000;
const maxTargets = 2_000;
const maxPerTarget = 20;
const maxRecent = 2_000;

/** Nothing waits yet. It is gone with the process; `recallSealed` brings back what waits. */
export function createSealedWaiting<Origin>(clock: Clock): SealedWaiting<Origin> {
  const waiting = createTtlCache<readonly SealedMessage<Origin>[]>(clock, maxTargets);
  const recent = createTtlCache<proto.IWebMessageInfo>(clock, maxRecent);
  return {
    wait: (instanceId, targetId, sealed) => {
      const key = `${instanceId} ${targetId}`;
      const others = waiting.get(key)?.value ?? [];
      if (others.some(({ info }) => info.key.id === sealed.info.key.id)) return;
      waiting.set(key, [...others, sealed].slice(-maxPerTarget), sealedWaitMs);
    },
    arrived: (instanceId, info) => {
      const key = `${instanceId} ${info.key.id ?? ""}`;
      recent.set(key, info, recentMs);
      const found = waiting.get(key)?.value ?? [];
      waiting.delete(key);
      return found;
    },
    replaced: (instanceId, info) => recent.set(`${instanceId} ${info.key.id ?? ""}`, info, recentMs),
    recent: (instanceId, messageId) => recent.get(`${instanceId} ${messageId}`)?.value,
  };
}
