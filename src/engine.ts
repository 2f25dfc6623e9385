import type { ShutdownPhase } from "#cluster/shutdown.ts";
import { type Finding, type Reconcile, type ReconcileOptions, startReconcile } from "#cluster/reconcile.ts";
import { type RetentionOptions, startRetention } from "#cluster/retention.ts";
import { releaseOthers } from "#cluster/release-others.ts";
import { WazapiError } from "#domain/errors.ts";
import { isPaired } from "#domain/instance.ts";
import type { HttpDeps } from "#http/deps.ts";
import { createBell } from "#lib/bell.ts";
import type { Clock } from "#lib/clock.ts";
import type { AddressGuard } from "#lib/guard.ts";
import type { Log } from "#lib/log.ts";
import { sleep } from "#lib/sleep.ts";
import { findMedia, moveMedia } from "#pipeline/capture/find-media.ts";
import type { MediaLinks } from "#pipeline/deliver/media-links.ts";
import type { Outcome } from "#pipeline/outcome.ts";
import { toNewEvent } from "#pipeline/persist/to-new-event.ts";
import { toStoredEvent } from "#pipeline/persist/to-stored-event.ts";
import { type PipelineDeps, type PipelineOptions, type PipelineStats, startPipeline } from "#pipeline/pipeline.ts";
import type { QueueDeps } from "#queue/deps.ts";
import { createAccepted, createEnqueue, type EnqueueOptions } from "#queue/enqueue.ts";
import type { QueueOptions } from "#queue/options.ts";
import { startQueue } from "#queue/worker.ts";
import type { Store } from "#store/store.ts";
import { createFileDownloads, type FileDownloads } from "#whatsapp/download.ts";
import { createHistoryPages, defaultHistoryPagesOptions } from "#whatsapp/history-pages.ts";
import type { Inbound } from "#whatsapp/inbound.ts";
import type { SessionsOptions } from "#whatsapp/options.ts";
import type { OutgoingFiles } from "#whatsapp/send/payload.ts";
import type { SessionObserver } from "#whatsapp/session-deps.ts";
import { createSessions, type Sessions } from "#whatsapp/sessions.ts";
import type { Transport } from "#whatsapp/transport.ts";
import type { WebVersions } from "#whatsapp/web-version/web-version.ts";
import { createChatMessages } from "./engine-chat-messages.ts";
import { type AttendantsOptions, defaultAttendantsOptions, startAttendants } from "./engine-attendants.ts";
import { letGoHeldNewChats } from "./engine-new-chats.ts";

/** What an engine works with. Whoever opened store and transport closes them, after it. */
export interface EngineDeps {
  readonly store: Store;
  readonly transport: Transport;
  readonly webVersions?: WebVersions;
  readonly guard: AddressGuard;
  /** Links for webhooks, the files of messages that leave, and whoever fetches those that came. */
  readonly media: { readonly links: MediaLinks; readonly files: OutgoingFiles; readonly wake: () => void };
  readonly clock: Clock;
  readonly log: Log;
  /** Name of this process on claims and leases. */
  readonly owner: string;
  /** Told for metrics; must not throw. */
  readonly observe: {
    readonly attempted: NonNullable<PipelineDeps["attempted"]>;
    readonly queued: NonNullable<QueueDeps["observe"]>;
    readonly refused?: NonNullable<PipelineDeps["refused"]>;
    readonly found: (finding: Finding, count: number) => void;
    /** So many questions for names and pictures were given up. */
    readonly profilesDropped?: (count: number) => void;
    readonly pruned: (removed: Readonly<Record<string, number>>) => void;
  } & SessionObserver;
}

/** Limits and pace of its parts. */
export interface EngineOptions {
  readonly pipeline: PipelineOptions;
  readonly queue: QueueOptions;
  readonly enqueue: EnqueueOptions;
  readonly sessions: Partial<SessionsOptions>;
  readonly reconcile: ReconcileOptions;
  readonly retention: RetentionOptions;
  /** Their own defaults when left out. */
  readonly attendants?: AttendantsOptions;
}

/** The parts of `HttpDeps` that an engine brings. */
type EngineParts = Pick<
  HttpDeps,
  "store" | "sessions" | "sendQueue" | "webhookTest" | "feed" | "wake" | "deadLetters" | "renderEvent" | "chatMessages"
>;

/** Sessions, pipeline, queue and the workers around them, on an open store. */
export interface Engine {
  readonly http: EngineParts;
  readonly sessions: Pick<Sessions, "owned" | "connectedCount" | "startAll">;
  readonly downloads: FileDownloads;
  readonly reconcile: Pick<Reconcile, "request" | "last">;
  readonly stats: () => PipelineStats;
  /** How it is stopped, in this order; every phase must have run before store and transport are closed. */
  readonly phases: readonly ShutdownPhase[];
}

/**
 * Starts everything that works on the rows. Sends and deliveries that wait leave at once; sessions are started by
 * `sessions.startAll`. It ends by its phases, not by a signal: each part is given the time to put down what it holds.
 */
export function startEngine(deps: EngineDeps, options: EngineOptions): Engine {
  const { store, clock, log } = deps;
  const news = createBell();
  /** Aborted when the deadline of the shutdown has come for the part: it stops at once. */
  const cut = { queue: new AbortController(), sessions: new AbortController(), pipeline: new AbortController() };
  const background = new AbortController();
  const attended = options.attendants ?? defaultAttendantsOptions;

  const pipeline = startPipeline(
    {
      store,
      clock,
      log: log.child({ component: "pipeline" }),
      guard: deps.guard,
      media: deps.media.links,
      stored: (rows, { hasFiles }) => {
        news.ring();
        if (hasFiles) deps.media.wake();
        attendants.stored(rows);
        heldNewChats.stored(rows);
      },
      people: {
        changed: (instanceId, jid) => attendants.changed(instanceId, jid),
        unmatched: () => deps.observe.unknownWire({ kind: "jid", name: "contact hash" }),
      },
      attempted: deps.observe.attempted,
      ...(deps.observe.refused === undefined ? {} : { refused: deps.observe.refused }),
    },
    // Where nobody asks for pictures there is none to wait for.
    { ...options.pipeline, ...(attended.names.everyMs === 0 ? { photoWaitMs: 0 } : {}) },
    cut.pipeline.signal,
  );
  const inbound: Inbound = {
    receive: (batch) => {
      const { captured, instanceId } = batch;
      if (captured?.kind === "connected" || captured?.kind === "disconnected") queue.connectionChanged(instanceId);
      return pipeline.receive(batch);
    },
  };
  const sessions = createSessions(
    {
      ...store,
      inbound,
      transport: deps.transport,
      files: deps.media.files,
      clock,
      log: log.child({ component: "whatsapp" }),
      owner: deps.owner,
      ...(deps.webVersions !== undefined && { webVersions: deps.webVersions }),
      observe: deps.observe,
      newChatsNews: {
        eventsOf: async (instanceId, captured) => {
          const instance = await store.instances.get({ instanceId });
          return instance === undefined ? [] : [toNewEvent(captured, instance)];
        },
        stored: (instanceId) => {
          pipeline.wake(instanceId);
          news.ring();
        },
      },
      newChatsEndMoved: (instanceId) => heldNewChats.endMoved(instanceId),
    },
    options.sessions,
    cut.sessions.signal,
  );
  const queue = startQueue(
    {
      queue: store.queue,
      instances: store.instances,
      directory: store.directory,
      sender: sessions,
      toNewEvent: (captured, instance, { outgoing }) =>
        toStoredEvent(captured, instance, {
          keepMs: options.pipeline.persist.mediaKeepMs,
          now: clock.now(),
          sent: { content: outgoing.content, upload: options.pipeline.persist.uploadsSent },
        }),
      echo: ({ message, sent, instance }) => {
        const { phone = "", lid } = instance.connection;
        const own = lid === undefined ? { phone } : { phone, lid };
        return pipeline.capturedOf({ instanceId: message.instanceId, own, proto: sent.proto, at: sent.at });
      },
      observe: deps.observe.queued,
      eventsStored: (events) => {
        pipeline.wake();
        news.ring();
        if (events.some(({ media }) => media !== undefined)) deps.media.wake();
      },
      clock,
      sleep,
      random: Math.random,
      log: log.child({ component: "queue" }),
    },
    options.queue,
    cut.queue.signal,
  );
  const heldNewChats = letGoHeldNewChats({
    release: queue.controls.release,
    areHeld: sessions.holdsNewChats,
    clock,
    log,
  });
  const reconcile = startReconcile(
    {
      instances: store.instances,
      sessions: { ...sessions, closeHistoryGaps: (id, signal) => attendants.closeHistoryGaps(id, signal) },
      found: deps.observe.found,
      clock,
      sleep,
      log: log.child({ component: "reconcile" }),
    },
    options.reconcile,
    background.signal,
  );
  const retention = startRetention(
    {
      retention: store.retention,
      pruned: deps.observe.pruned,
      clock,
      sleep,
      log: log.child({ component: "retention" }),
    },
    options.retention,
    background.signal,
  );
  const enqueue = createEnqueue(
    {
      queue: store.queue,
      instances: store.instances,
      directory: store.directory,
      sender: sessions,
      worker: queue,
      clock,
    },
    options.enqueue,
  );
  const attendants = startAttendants(
    {
      store,
      sessions,
      inbound,
      enqueue,
      ...(deps.observe.profilesDropped === undefined ? {} : { dropped: deps.observe.profilesDropped }),
      clock,
      log,
    },
    attended,
    background.signal,
  );

  return {
    http: {
      // A message in hand is reached through the worker.
      store: { ...store, queue: withControls(store.queue, queue.controls) },
      sessions,
      sendQueue: { enqueue, accepted: createAccepted({ queue: store.queue, clock }) },
      webhookTest: {
        send: async ({ instance, url }, signal) =>
          testResultOf(await pipeline.deliverTest({ instanceId: instance.id, url }, signal)),
      },
      feed: {
        since: (input) => store.events.since(input),
        lastPosition: () => store.events.lastPosition(),
        wait: news.wait,
      },
      wake: { queue: (instanceId) => queue.wake(instanceId), deliveries: () => pipeline.wake() },
      deadLetters: { purge: (input) => store.deliveries.purgeDiscarded(input) },
      chatMessages: createChatMessages({
        store,
        pages: createHistoryPages(
          { ...store, sessions, news: news.wait, clock, log: log.child({ component: "history" }) },
          defaultHistoryPagesOptions,
        ),
        pipeline,
      }),
      renderEvent: async (event) => {
        try {
          return await pipeline.payloadOf(event, background.signal);
        } catch (error) {
          // Nobody who reads events may be stuck at this one for ever.
          log.error({ eventId: event.eventId, error }, "event cannot be rendered");
          return undefined;
        }
      },
    },
    sessions,
    downloads: createFileDownloads({
      messages: store.messages,
      transport: deps.transport,
      files: { find: findMedia, move: moveMedia },
      socketOf: sessions.openSocket,
    }),
    reconcile,
    stats: pipeline.stats,
    phases: [
      { name: "queue", run: (signal) => ending(queue, signal, cut.queue) },
      {
        name: "background",
        run: async () => {
          background.abort();
          const parts = [reconcile, retention, attendants];
          await Promise.all(parts.map((part) => part[Symbol.asyncDispose]()));
        },
      },
      { name: "sessions", run: (signal) => endingAt(sessions, signal, cut.sessions) },
      { name: "pipeline", run: (signal) => endingAt(pipeline, signal, cut.pipeline) },
    ],
  };
}

/** Frees what dead processes hold (`releaseOthers`), before an engine is started. */
export async function takeOver(
  store: Store,
  input: { readonly owner: string; readonly dead?: string; readonly now: number },
): Promise<number> {
  return await releaseOthers(store, input);
}

/**
 * Keeps the worlds apart: a device of the sandbox must not knock at the real WhatsApp, and the sandbox would put its own
 * keys over those of a real number. Throws `invalid_config` that names the instance.
 */
export async function refuseOtherWorld(store: Pick<Store, "instances">, kind: Transport["kind"]): Promise<void> {
  const limit = 100;
  for (let offset = 0; ; offset += limit) {
    const { instances } = await store.instances.list({ offset, limit });
    const other = instances.find(
      ({ connection }) => isPaired(connection) && (connection.simulated === true) !== (kind === "sandbox"),
    );
    if (other !== undefined) {
      const message =
        kind === "sandbox"
          ? `the instance ${other.name} is linked to the real WhatsApp, and this is the sandbox`
          : `the instance ${other.name} is linked in the sandbox, and this is the real WhatsApp`;
      throw new WazapiError("invalid_config", {
        message,
        details: { hint: "use another data directory (--data), or another database, for each of them" },
      });
    }
    if (instances.length < limit) return;
  }
}

/** Claims nothing new, waits for the message in flight, then ends. */
async function ending(
  queue: AsyncDisposable & { readonly drain: (signal: AbortSignal) => Promise<readonly string[]> },
  signal: AbortSignal,
  cut: AbortController,
): Promise<void> {
  await queue.drain(signal);
  await endingAt(queue, signal, cut);
}

/** Ends a part in peace, or at once when its time is up. */
async function endingAt(part: AsyncDisposable, signal: AbortSignal, cut: AbortController): Promise<void> {
  const now = (): void => cut.abort();
  signal.addEventListener("abort", now, { once: true });
  if (signal.aborted) now();
  try {
    await part[Symbol.asyncDispose]();
  } finally {
    signal.removeEventListener("abort", now);
  }
}

function withControls(
  store: Store["queue"],
  controls: Pick<Store["queue"], "cancel" | "purge" | "requeueFailed" | "release">,
): Store["queue"] {
  return {
    enqueue: (input) => store.enqueue(input),
    accepted: (input) => store.accepted(input),
    instancesWithWork: (input) => store.instancesWithWork(input),
    nextDueAt: (input) => store.nextDueAt(input),
    claim: (input) => store.claim(input),
    renew: (input) => store.renew(input),
    retry: (input) => store.retry(input),
    settle: (input) => store.settle(input),
    get: (input) => store.get(input),
    byMessageId: (input) => store.byMessageId(input),
    list: (input) => store.list(input),
    count: (input) => store.count(input),
    ...controls,
  };
}

type TestResult = Awaited<ReturnType<HttpDeps["webhookTest"]["send"]>>;

function testResultOf(outcome: Outcome): TestResult {
  if (outcome.kind === "canceled") return { error: "canceled", durationMs: 0 };
  const { status, error, durationMs, answer } = outcome.attempt;
  return {
    durationMs,
    ...(status === undefined ? {} : { status }),
    ...(error === undefined ? {} : { error }),
    ...(answer === undefined ? {} : { answer }),
  };
}
