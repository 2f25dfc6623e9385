import type { EventEmitter } from "node:events";
import type { BinaryNode } from "@whiskeysockets/baileys";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { sleep } from "#lib/sleep.ts";

/** How the backlog of a login is asked for. */
export interface BacklogPullOptions {
  /** Stanzas asked for at a time. */
  readonly batch: number;
  /** Wait after a stanza of the backlog before more are asked for, milliseconds. */
  readonly againMs: number;
  /** Stanzas on their way through this process above which nothing is asked for. */
  readonly maxWaiting: number;
  /** Without progress and without its end for this long, milliseconds, a backlog is stuck. */
  readonly stallMs: number;
}

/** Suits the real WhatsApp. */
export const defaultBacklogPull: BacklogPullOptions = { batch: 200, againMs: 100, maxWaiting: 200, stallMs: 60_000 };

/** What pulling works with. */
export interface BacklogPullDeps {
  /** Baileys' websocket client. */
  readonly ws: EventEmitter;
  readonly send: (node: BinaryNode) => Promise<void>;
  /** Stanzas that were taken in and are not through yet. */
  readonly waiting: () => number;
  /** Whether nothing is read because what is behind is full. */
  readonly isPaused: () => boolean;
  /** The backlog is stuck, asking again did not help: a new login may. */
  readonly giveUp: () => void;
  /** Told each time the backlog is stuck; must not throw. */
  readonly stalled?: () => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * WhatsApp protocol: after a login the server announces what waits (`offline_preview`), sends a few stanzas, and then
 * only as many as each `offline_batch` asks for, until it says `offline`; what comes live is held back until then.
 * Baileys asks once, for a hundred. Here more are asked for as the backlog comes, but only while little of it is on its
 * way through this process: that bounds what a night's backlog takes in memory. A login whose backlog neither moves nor
 * ends is alive and deaf: after `stallMs` it is asked once more, and then given up.
 */
export function pullBacklog(deps: BacklogPullDeps, options: BacklogPullOptions): void {
  const { ws, clock, log } = deps;
  const ended = new AbortController();
  const signal = AbortSignal.any([deps.signal, ended.signal]);
  let isAsking = false;
  let movedMs = clock.monotonicMs();

  const moved = (): void => {
    movedMs = clock.monotonicMs();
  };

  async function ask(): Promise<void> {
    const count = String(options.batch);
    const batch: BinaryNode = { tag: "ib", attrs: {}, content: [{ tag: "offline_batch", attrs: { count } }] };
    await deps.send(batch).catch((error: unknown) => log.debug({ error }, "the connection closed meanwhile"));
  }

  async function askAgain(): Promise<void> {
    if (isAsking) return;
    isAsking = true;
    do await sleep(options.againMs, signal);
    while (!signal.aborted && isBusy());
    isAsking = false;
    if (!signal.aborted) await ask();
  }

  const isBusy = (): boolean => deps.isPaused() || deps.waiting() > options.maxWaiting;

  async function watch(): Promise<void> {
    let tries = 0;
    let seen = deps.waiting();
    while (!signal.aborted) {
      await sleep(Math.max(1, movedMs + options.stallMs - clock.monotonicMs()), signal);
      if (signal.aborted) return;
      // Whoever does not read, or is still busy with what came, cannot say that nothing comes.
      if (deps.isPaused() || deps.waiting() !== seen) moved();
      seen = deps.waiting();
      if (clock.monotonicMs() - movedMs < options.stallMs) continue;
      deps.stalled?.();
      tries += 1;
      if (tries > 1) {
        log.error({ forMs: options.stallMs }, "the backlog does not end, connecting again");
        return deps.giveUp();
      }
      log.warn({ forMs: options.stallMs }, "the backlog does not move, asking again");
      moved();
      await ask();
    }
  }

  ws.on("CB:success", () => {
    moved();
    void watch();
  });
  ws.on("CB:ib,,offline_preview", moved);
  ws.on("CB:ib,,offline", () => ended.abort());
  ws.on("frame", (node: BinaryNode | Uint8Array) => {
    if (signal.aborted || node instanceof Uint8Array || node.attrs["offline"] === undefined) return;
    moved();
    void askAgain();
  });
}
