import type { Clock } from "#lib/clock.ts";
import { sleep } from "#lib/sleep.ts";
import type { EventRow } from "#store/records.ts";

import type { EventFeed } from "./deps.ts";

const batchSize = 100;
/** A comment after this much silence, so that proxies keep the connection and dead clients show. */
const defaultHeartbeatMs = 15_000;
/** What the client waits before it reconnects. */
const retryMs = 1000;

/** What a stream reads from. */
export interface EventStreamDeps {
  readonly feed: EventFeed;
  /** The webhook body of an event, or a promise of it; undefined for kinds without one. */
  readonly renderEvent: (event: EventRow) => unknown;
  readonly clock: Clock;
  /** Ends the stream. */
  readonly signal: AbortSignal;
  /** Silence after which a comment is sent, milliseconds; default 15 s. */
  readonly heartbeatMs?: number;
}

/** Which events a stream carries. */
export interface EventStreamQuery {
  /** Position to start behind; undefined starts with what comes next. */
  readonly after: number | undefined;
  /** Undefined: those of every instance. */
  readonly instanceId: string | undefined;
  /** Undefined: every type. */
  readonly types: ReadonlySet<string> | undefined;
}

/**
 * Server-sent events read from the outbox by position: the id of each is its position, so a client that names the last
 * one it saw goes on exactly behind it, whatever restarted in between. When what it asks for is no longer kept, or was
 * never given out, the stream begins with an event `gap`. Reads only as fast as the client does; holds at most one
 * batch.
 */
export async function streamEvents(
  deps: EventStreamDeps,
  query: EventStreamQuery,
): Promise<ReadableStream<Uint8Array>> {
  const begin = await beginningOf(deps.feed, query.after);
  const closed = new AbortController();
  const frames = framesAfter({ ...deps, signal: AbortSignal.any([deps.signal, closed.signal]) }, query, begin);
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

/** Where a stream begins, and what of the wish could not be met. */
interface Beginning {
  readonly after: number;
  readonly gap?: Gap;
}

/** Data of the event `gap`: the position that was asked for, and that of the first event that comes. */
interface Gap {
  readonly after: number;
  /** Null when nothing is kept behind it. */
  readonly next: number | null;
  readonly reason: "expired" | "unknown_position";
}

async function beginningOf(feed: EventFeed, after: number | undefined): Promise<Beginning> {
  const last = await feed.lastPosition();
  // 0 asks for the oldest that is kept, whichever that is.
  if (after === undefined || after === 0) return { after: after ?? last };
  // A position that was never given out (another database) would silence the stream until it is reached.
  if (after > last) return { after: last, gap: { after, next: null, reason: "unknown_position" } };
  const kept = await feed.since({ after: after - 1, limit: 2 });
  const next = kept.find(({ position }) => position > after)?.position ?? null;
  // Numbers may be left out, so only one that is itself gone says that what followed it went too.
  const missed = kept[0]?.position !== after && after < last && next !== after + 1;
  return { after, ...(missed && { gap: { after, next, reason: "expired" } }) };
}

async function* framesAfter(
  deps: EventStreamDeps,
  { instanceId, types }: EventStreamQuery,
  begin: Beginning,
): AsyncGenerator<string, void, undefined> {
  const { feed, clock, signal, heartbeatMs = defaultHeartbeatMs } = deps;
  let { after } = begin;
  let spokeMs = clock.monotonicMs();
  // The first frame names the position, so that even a client that saw no event resumes without a gap.
  yield `retry: ${retryMs}\nid: ${after}\n\n`;
  if (begin.gap !== undefined) yield `id: ${after}\nevent: gap\ndata: ${JSON.stringify(begin.gap)}\n\n`;
  while (!signal.aborted) {
    // Waiting begins before the read, so that an event stored between the two is not slept through.
    using silence = startSilence(feed, { signal, ms: heartbeatMs - (clock.monotonicMs() - spokeMs) });
    const events = await feed.since({ ...(instanceId !== undefined && { instanceId }), after, limit: batchSize });
    if (events.length === 0) await silence.over;
    for (const event of events) {
      after = event.position;
      if (types !== undefined && !types.has(event.type)) continue;
      yield await frame(deps, event);
      spokeMs = clock.monotonicMs();
    }
    if (signal.aborted || clock.monotonicMs() - spokeMs < heartbeatMs) continue;
    // It names the position too: what the filter held back is not read again after a reconnect.
    yield `: ${clock.now()}\nid: ${after}\n\n`;
    spokeMs = clock.monotonicMs();
  }
}

/** Over when there may be news, when so many milliseconds have passed, on abort, or when it is disposed of. */
function startSilence(
  feed: EventFeed,
  { signal, ms }: { readonly signal: AbortSignal; readonly ms: number },
): Disposable & { readonly over: Promise<void> } {
  const done = new AbortController();
  const either = AbortSignal.any([signal, done.signal]);
  return {
    over: Promise.race([feed.wait(either), sleep(ms, either)]),
    [Symbol.dispose]: () => done.abort(),
  };
}

async function frame({ renderEvent }: EventStreamDeps, event: EventRow): Promise<string> {
  const { eventId, instanceId, sequence, position, type, chatId, messageId, occurredAt } = event;
  const payload = (await renderEvent(event)) ?? null;
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
