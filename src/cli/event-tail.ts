import { isWazapiError } from "#domain/errors.ts";
import { sleep } from "#lib/sleep.ts";

import { errorOf, query } from "./api.ts";
import type { Api } from "./api.ts";
import type { Cli } from "./cli.ts";
import { readEventStream } from "./event-stream.ts";

/** An event as the stream carries it. */
export interface TailedEvent {
  readonly eventId: string;
  readonly instanceId: string;
  readonly sequence: number;
  readonly position: number;
  readonly type: string;
  readonly chatId?: string;
  readonly messageId?: string;
  readonly occurredAt: number;
  /** The webhook body. */
  readonly payload: unknown;
}

/** Which events are followed. */
export interface TailFilter {
  readonly instanceId?: string;
  /** Callback types, separated by commas; absent: all. */
  readonly types?: string;
  /** Position to start behind; absent starts with what comes next. */
  readonly after?: number;
}

/** What following works with. */
export interface TailDeps extends Pick<Cli, "signal"> {
  readonly out: Pick<Cli["out"], "say">;
  /** Called once, when the server has fixed where the stream begins. */
  readonly opened?: () => void;
}

const retryMs = 1000;

/**
 * Events as they are stored, until the command is stopped. When the server goes away it waits for it and goes on where
 * it was: no event is missing or twice. What the server no longer keeps is said. Throws when the very first connection
 * fails, or the server refuses.
 */
export async function* tailEvents(
  { signal, out, opened }: TailDeps,
  api: Api,
  filter: TailFilter,
): AsyncGenerator<TailedEvent, void, undefined> {
  let last: string | undefined;
  let away = false;
  while (!signal.aborted) {
    try {
      const response = await api.raw({
        path: `/events${query({ ...filter })}`,
        signal,
        ...(last !== undefined && { headers: { "last-event-id": last } }),
      });
      if (!response.ok || response.body === null) throw await errorOf(response);
      if (last === undefined) opened?.();
      if (away) out.say("the server is back");
      away = false;
      for await (const { id, event, data } of readEventStream(response.body)) {
        last = id ?? last;
        if (event === "gap") {
          out.say(gapSentence(data ?? "{}"));
          continue;
        }
        // The shape is the server's promise; both ends are of this package.
        if (data !== undefined) yield JSON.parse(data) as TailedEvent;
      }
    } catch (error) {
      if (signal.aborted) return;
      // Before the first frame it may be the wrong address: nothing to wait for.
      if (last === undefined || !isPassing(error)) throw error;
    }
    if (!away && !signal.aborted) out.say("the server is away; waiting for it");
    away = true;
    await sleep(retryMs, signal);
  }
}

/** Whether a failure is one of a server that goes away and comes back. */
export function isPassing(error: unknown): boolean {
  return isWazapiError(error, "unavailable", "standby", "shutting_down") || error instanceof TypeError;
}

/** What the server says before a stream that cannot begin where it was asked to. */
function gapSentence(data: string): string {
  // The shape is the server's promise; both ends are of this package.
  const { after, next, reason } = JSON.parse(data) as { after: number; next: number | null; reason: string };
  if (reason === "unknown_position") {
    return `the server never gave out position ${after}: is it another database? only what comes next is shown`;
  }
  const where = next === null ? "nothing behind it is" : `the next one kept is ${next}`;
  return `events behind position ${after} are no longer kept: ${where}`;
}
