import type { CapturedConnected, CapturedDisconnected } from "#domain/captured.ts";
import { sleep } from "#lib/sleep.ts";
import type { InboundBatch } from "../inbound.ts";

/** What is told about a session's connection. */
export interface Announcement extends InboundBatch {
  readonly captured: CapturedConnected | CapturedDisconnected;
}

/** So long a harmless end may last before anybody is told of it. */
export const quietMs = 10_000;

/**
 * Passes on what is said about a connection, except that a `quiet` end is held back: when the connection is up again
 * within `waitMs`, nobody hears of either. A process that ends meanwhile tells nothing.
 */
export function createQuietReconnect(
  tell: (announcement: Announcement) => void,
  waitMs: number,
  signal: AbortSignal,
): (announcement: Announcement, input: { readonly quiet: boolean }) => void {
  let held: { readonly announcement: Announcement; readonly over: AbortController } | undefined;

  const release = (): void => {
    const last = held;
    held = undefined;
    last?.over.abort();
    if (last !== undefined) tell(last.announcement);
  };
  return (announcement, { quiet }) => {
    if (held !== undefined && announcement.captured.kind === "connected") {
      held.over.abort();
      held = undefined;
      return;
    }
    release();
    if (!quiet || announcement.captured.kind !== "disconnected") return tell(announcement);
    const over = new AbortController();
    const mine = { announcement, over };
    held = mine;
    void sleep(waitMs, AbortSignal.any([over.signal, signal])).then(() => {
      if (held === mine && !signal.aborted) release();
    });
  };
}
