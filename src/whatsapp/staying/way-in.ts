import type { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { sleep } from "#lib/sleep.ts";
import type { UpgradeRefused } from "./close.ts";

/** How far a connection came. */
export interface WayIn {
  /** The HTTP answer, when the websocket was refused. */
  readonly upgrade: () => UpgradeRefused | undefined;
  /** Whether the connection ended now would have ended right after our hello, without a word about the login. */
  readonly isEarly: () => boolean;
}

/** Ends within this time after the websocket was opened are ends right after the hello. */
const earlyMs = 10_000;
/** A `Retry-After` that asks for more is cut: ten minutes. */
const longestRetryMs = 10 * 60_000;
/** WhatsApp protocol: the first stanza of the server lets a device in, refuses it, or offers references for a QR. */
const firstWords = ["CB:success", "CB:failure", "CB:iq,type:set,pair-device", "CB:stream:error"];

/**
 * Follows a socket from its first byte to the server's first word. Baileys listens for refused upgrades without doing
 * anything about them, and the `ws` package leaves a refused request open for whoever listens: it hangs. So does a
 * server that takes the hello and never answers. Both are torn down here: the first at once, the second after
 * `limitMs`.
 */
export function followWayIn(
  ws: EventEmitter,
  deps: { readonly clock: Clock; readonly log: Log; readonly tearDown: () => void },
  input: { readonly limitMs: number; readonly signal: AbortSignal },
): WayIn {
  let upgrade: UpgradeRefused | undefined;
  let openedMs: number | undefined;
  const spoken = new AbortController();
  const { clock, log } = deps;
  ws.on("open", () => {
    openedMs = clock.monotonicMs();
  });
  ws.on("unexpected-response", (_request: unknown, response: IncomingMessage) => {
    upgrade = refusedUpgrade(response, clock.now());
    log.warn({ status: upgrade.status, retryAfterMs: upgrade.retryAfterMs }, "whatsapp refused the websocket");
    // Nobody reads what it says.
    response.destroy();
    deps.tearDown();
  });
  for (const word of firstWords) ws.on(word, () => spoken.abort());
  const either = AbortSignal.any([spoken.signal, input.signal]);
  void sleep(input.limitMs, either).then(() => {
    if (either.aborted) return;
    log.warn({ opened: openedMs !== undefined }, "whatsapp does not answer the hello");
    deps.tearDown();
  });
  return {
    upgrade: () => upgrade,
    isEarly: () => !spoken.signal.aborted && openedMs !== undefined && clock.monotonicMs() - openedMs < earlyMs,
  };
}

/** `Retry-After` in seconds or as a date. */
function refusedUpgrade({ statusCode = 0, headers }: IncomingMessage, now: number): UpgradeRefused {
  const asked = headers["retry-after"];
  if (asked === undefined) return { status: statusCode };
  const ms = /^\d{1,9}$/.test(asked) ? Number(asked) * 1000 : Date.parse(asked) - now;
  if (!Number.isFinite(ms) || ms <= 0) return { status: statusCode };
  return { status: statusCode, retryAfterMs: Math.min(ms, longestRetryMs) };
}
