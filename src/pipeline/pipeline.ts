import { setMaxListeners } from "node:events";
import type { Captured, CapturedMessage } from "#domain/captured.ts";
import { WazapiError } from "#domain/errors.ts";
import type { BatcherOptions } from "#lib/batcher.ts";
import type { Clock } from "#lib/clock.ts";
import type { AddressGuard } from "#lib/guard.ts";
import type { Log } from "#lib/log.ts";
import { orAborted } from "#lib/or-aborted.ts";
import { sleep } from "#lib/sleep.ts";
import type { EventRow } from "#store/records.ts";
import type { Store } from "#store/store.ts";
import { createBuffer } from "./buffer/buffer.ts";
import { type CaptureDeps, createCapture, type SentMessage } from "./capture/capture.ts";
import type { InboundBatch } from "./capture/inbound-batch.ts";
import type { CaptureResult } from "./capture-result.ts";
import { createDeliver } from "./deliver/deliver.ts";
import { eventPayload } from "./deliver/event-payload.ts";
import type { MediaLinks } from "./deliver/media-links.ts";
import { createNewPhoto, defaultPhotoWaitMs } from "./deliver/new-photo.ts";
import type { PostOptions } from "./deliver/post.ts";
import { deliverTest } from "./deliver/test-delivery.ts";
import { type DispatchStats, startDispatch } from "./dispatch/dispatch.ts";
import type { Attempted } from "./dispatch/lane-worker.ts";
import type { DispatchOptions } from "./dispatch/options.ts";
import type { Outcome } from "./outcome.ts";
import { createPersistApart } from "./persist/persist-apart.ts";
import { createPersist, type PersistDeps, type PersistOptions } from "./persist/persist.ts";

/** What the pipeline works with. */
export interface PipelineDeps {
  readonly store: Pick<Store, "events" | "deliveries" | "instances" | "directory" | "messages">;
  /** Decides which addresses webhooks may lead to. */
  readonly guard: AddressGuard;
  readonly media: MediaLinks;
  readonly clock: Clock;
  readonly log: Log;
  /** Told after each commit: event streams, wake signals to other nodes, the media downloads. Must not throw. */
  readonly stored?: PersistDeps["stored"];
  /** Told of changes of people that become neither event nor row. */
  readonly people?: CaptureDeps["people"];
  /** Told after each try of a delivery, for metrics. Must not throw. */
  readonly attempted?: (input: Attempted) => void;
  /** Told the kind of each thing that the store refuses for good, for metrics. Must not throw. */
  readonly refused?: (kind: string) => void;
  /** Waits and chance; tests bring their own. */
  readonly sleep?: typeof sleep;
  readonly random?: () => number;
}

/** Limits of the pipeline. */
export interface PipelineOptions {
  readonly buffer: BatcherOptions;
  readonly dispatch: DispatchOptions;
  readonly post: PostOptions;
  readonly persist: PersistOptions;
  /** How long the webhook about a new picture of the own profile waits for its link, milliseconds; default 10 s. */
  readonly photoWaitMs?: number;
}

/** Defaults of what is in front of the rows: 1 000 batches a session, stored as soon as the store is free. */
export const defaultBufferOptions: BatcherOptions = {
  maxItems: 1_000,
  maxBatch: 200,
  maxAgeMs: 0,
  retry: { baseMs: 100, maxMs: 5_000, jitter: "equal" },
};

/** Thirty days, no bucket. */
export const defaultPersistOptions: PersistOptions = { mediaKeepMs: 30 * 86_400_000, uploadsSent: false };

/** Defaults of one request. */
export const defaultPostOptions: PostOptions = {
  timeoutMs: 15_000,
  answerBytes: 1_024,
  connectionsPerOrigin: 64,
  keepAliveMs: 4_000,
};

/** What the pipeline is doing. */
export interface PipelineStats extends DispatchStats {
  /** Batches in memory, not stored yet. */
  readonly buffered: number;
}

/** The road from the client's events to the customers' endpoints. */
export interface Pipeline extends AsyncDisposable {
  /**
   * Takes the batch in any case. Answers undefined while there is room; a promise says that the session's buffer is
   * full, and resolves when there is room again. A chunk of history counts as a full buffer until it is stored. Nothing
   * is ever dropped. Never rejects.
   */
  readonly receive: (batch: InboundBatch) => Promise<void> | undefined;
  /**
   * Stores what a session says about itself, behind what it received before; resolves when it is stored. Throws
   * `shutting_down` when the deadline of the shutdown comes first.
   */
  readonly record: (instanceId: string, captured: readonly Captured[]) => Promise<void>;
  /** The message and its status SENT, as events for the transaction that ends its row in the queue. Stores nothing. */
  readonly capturedOf: (message: SentMessage) => Promise<readonly Captured[]>;
  /** A stored message as what happened then; undefined for one that nobody is shown. Stores nothing. */
  readonly shown: (message: SentMessage) => Promise<CapturedMessage | undefined>;
  /** The webhook body of a stored event. May wait for its files and pictures. */
  readonly payloadOf: (event: EventRow, signal: AbortSignal) => Promise<unknown>;
  /** Something was stored elsewhere; of one instance when it is named. */
  readonly wake: (instanceId?: string) => void;
  /** Sends one signed callback that is no event, once. Throws `instance_not_found`. */
  readonly deliverTest: (
    input: { readonly instanceId: string; readonly url: string },
    signal: AbortSignal,
  ) => Promise<Outcome>;
  /** Resolves when everything received so far is stored. */
  readonly stored: () => Promise<void>;
  readonly stats: () => PipelineStats;
}

/** What waits in the buffer. */
interface Intake {
  /** Captured once, also when storing is tried again: capture remembers which calls ring. */
  readonly result: () => Promise<CaptureResult>;
  readonly stored: () => void;
}

/**
 * Starts the five stages.
 *
 *     sessions ─► buffer ─► capture ─► persist ═► dispatch ─► deliver ─► customer
 *                 │ full: the session stops reading        │ one worker a lane
 *                 └ waits while the store fails            └ waits while the endpoint fails
 *
 * `═►` is the durability line: left of it memory (and the journal), right of it rows. The buffer stands in front of
 * capture, because what has to be bounded is what the socket brings, and capture has to see it in order.
 *
 * Disposing stops from left to right: what is buffered is stored, POSTs in flight end, the HTTP client closes. When
 * `signal` aborts (the deadline of the shutdown) all of it stops at once; the journal and the leases bring it back.
 */
export function startPipeline(deps: PipelineDeps, options: PipelineOptions, signal: AbortSignal): Pipeline {
  const { store, clock, log } = deps;
  // One listener an instance that stores something right now.
  setMaxListeners(0, signal);
  const parts = new AsyncDisposableStack();
  const waits = {
    ...(deps.sleep === undefined ? {} : { sleep: deps.sleep }),
    ...(deps.random === undefined ? {} : { random: deps.random }),
  };
  const links = {
    media: deps.media,
    newPhoto: createNewPhoto(
      { directory: store.directory, clock, sleep: deps.sleep ?? sleep },
      options.photoWaitMs ?? defaultPhotoWaitMs,
    ),
  };
  const { deliver } = parts.use(createDeliver({ clock, log, guard: deps.guard, links }, options.post));
  const dispatch = parts.use(
    startDispatch(
      {
        ...waits,
        deliver,
        clock,
        log,
        deliveries: store.deliveries,
        instances: store.instances,
        attempted: deps.attempted ?? (() => {}),
      },
      options.dispatch,
      signal,
    ),
  );
  const persist = createPersist(
    {
      events: store.events,
      instances: store.instances,
      clock,
      log,
      stored: (rows, what) => {
        dispatch.wake(rows[0]?.instanceId);
        deps.stored?.(rows, what);
      },
    },
    options.persist,
  );
  const persistApart = createPersistApart({ persist, clock, log, refused: deps.refused ?? (() => {}) });
  const { capture, sent, shown } = createCapture({
    directory: store.directory,
    messages: store.messages,
    people: deps.people,
    clock,
    log,
  });
  const buffer = parts.use(
    createBuffer<Intake>(
      {
        ...(deps.sleep === undefined ? {} : { sleep: deps.sleep }),
        log,
        store: async (instanceId, items) => {
          const results: CaptureResult[] = [];
          for (const item of items) results.push(await item.result());
          await persistApart({ instanceId, results });
          for (const item of items) item.stored();
        },
      },
      options.buffer,
      signal,
    ),
  );

  async function untilStored(instanceId: string, result: Intake["result"]): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    await buffer.add(instanceId, { result, stored: resolve });
    await orAborted(promise, signal);
  }

  return {
    receive: (batch) => {
      const result = once(() => capture(batch));
      const isHistory = batch.events?.["messaging-history.set"] !== undefined;
      if (!isHistory) return buffer.add(batch.instanceId, { result, stored: () => {} });
      // Thousands of messages are one batch here: the session reads on once they are rows.
      return untilStored(batch.instanceId, result);
    },
    record: async (instanceId, captured) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const result: CaptureResult = { captured, records: {}, journalIds: [] };
      const cut = (): void => reject(new WazapiError("shutting_down"));
      signal.addEventListener("abort", cut, { once: true });
      try {
        void buffer.add(instanceId, { result: () => Promise.resolve(result), stored: resolve });
        if (signal.aborted) cut();
        await promise;
      } finally {
        signal.removeEventListener("abort", cut);
      }
    },
    capturedOf: sent,
    shown,
    payloadOf: (event, until) => eventPayload(links, event, until),
    wake: (instanceId) => dispatch.wake(instanceId),
    deliverTest: async ({ instanceId, url }, signal) => {
      const instance = await store.instances.get({ instanceId });
      if (instance === undefined) throw new WazapiError("instance_not_found");
      return deliverTest({ deliver, clock }, { instance, url }, signal);
    },
    stored: () => buffer.drained(),
    stats: () => ({ buffered: buffer.size(), ...dispatch.stats() }),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** Asks until there is an answer, and keeps that. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: { readonly value: T } | undefined;
  return async () => {
    answer ??= { value: await ask() };
    return answer.value;
  };
}
