import type { Clock } from "#lib/clock.ts";
import { sleep } from "#lib/sleep.ts";
import type { EventRow } from "#store/records.ts";

import type { EventFeed } from "./deps.ts";

const batchSize = 100;
/** A comment after this much silence, so that proxies keep the connection and dead clients show. */
const heartbeatMs = 15_000;
/** What the client waits before it reconnects. */
const retryMs = 1000;

/** What a stream reads from. */
export interface EventStreamDeps {
  readonly feed: EventFeed;
  readonly renderEvent: (event: EventRow) => unknown;
  readonly clock: Clock;
  /** Ends the stream. */
  readonly signal: AbortSignal;
}

/** Which events a stream carries. */
export interface EventStreamQuery {
  /** Position to start behind; undefined starts with what comes next. */
  readonly after: number | undefined;
  readonly instanceId: string | undefined;
  readonly type: string | undefined;
}

/**
 * Server-sent events read from the outbox by position: the id of each is its position, so a client that names the last
 * one it saw goes on exactly behind it, whatever restarted in between. Reads only as fast as the client does; holds at
 * most one batch.
 */
export async function streamEvents(
  deps: EventStreamDeps,
  query: EventStreamQuery,
): Promise<ReadableStream<Uint8Array>> {
  const last = await deps.feed.lastPosition();
  // A position that was never given out (another database) would silence the stream until it is reached.
  const start = Math.min(query.after ?? last, last);
  const closed = new AbortController();
  const frames = framesAfter({ ...deps, signal: AbortSignal.any([deps.signal, closed.signal]) }, query, start);
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const { value, done } = await frames.next();
        if (done === true) controller.close();
        else controller.enqueue(encoder.encode(value));
      },
      cancel: async () => {
        closed.abort();
        await frames.return();
      },
    },
    { highWaterMark: 1 },
  );
}

async function* framesAfter(
  deps: EventStreamDeps,
  { instanceId, type }: EventStreamQuery,
  start: number,
): AsyncGenerator<string, void, undefined> {
  const { feed, signal } = deps;
  let after = start;
  // The first frame names the position, so that even a client that saw no event resumes without a gap.
  yield `retry: ${retryMs}\nid: ${after}\n\n`;
  while (!signal.aborted) {
    // Waiting begins before the read, so that an event stored between the two is not slept through.
    using silence = startSilence(feed, signal);
    const events = await feed.since({ ...(instanceId !== undefined && { instanceId }), after, limit: batchSize });
    if (events.length === 0 && (await silence.over) === "heartbeat") yield `: ${deps.clock.now()}\n\n`;
    for (const event of events) {
      after = event.position;
      if (type === undefined || event.type === type) yield frame(deps, event);
    }
  }
}

/** Over when there may be news, when a heartbeat is due, on abort, or when it is disposed of. */
function startSilence(feed: EventFeed, signal: AbortSignal): Disposable & { over: Promise<"news" | "heartbeat"> } {
  const done = new AbortController();
  const either = AbortSignal.any([signal, done.signal]);
  const over = Promise.race([
    feed.wait(either).then(() => "news" as const),
    sleep(heartbeatMs, either).then(() => (either.aborted ? ("news" as const) : ("heartbeat" as const))),
  ]);
  return { over, [Symbol.dispose]: () => done.abort() };
}

function frame({ renderEvent }: EventStreamDeps, event: EventRow): string {
  const { eventId, instanceId, sequence, position, type, chatId, messageId, occurredAt } = event;
  const payload = renderEvent(event) ?? null;
  const data = JSON.stringify({
    eventId,
    instanceId,
    sequence,
    position,
    type,
    chatId,
    messageId,
    occurredAt,
    payload,
  });
  return `id: ${position}\nevent: ${type}\ndata: ${data}\n\n`;
}
