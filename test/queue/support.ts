import { createHash } from "node:crypto";
import type { Captured } from "#domain/captured.ts";
import type { Outgoing } from "#domain/content.ts";
import { newToken } from "#domain/ids.ts";
import { defaultInstanceSettings, type Instance, type InstanceSettings } from "#domain/instance.ts";
import type { Sender, SendHold, SendResult } from "#domain/session.ts";
import { type Log, type LogFields, silentLog } from "#lib/log.ts";
import type { QueueDeps, QueueOutcome } from "#queue/deps.ts";
import { createEnqueue, defaultEnqueueOptions, type Enqueue, type EnqueueOptions } from "#queue/enqueue.ts";
import { defaultQueueOptions, type QueueOptions } from "#queue/options.ts";
import { type QueueWorker, startQueue } from "#queue/worker.ts";
import type { NewEvent } from "#store/records.ts";
import type { Store } from "#store/store.ts";
import { createFakeTime, type FakeTime } from "../support/fake-time.ts";

/** Instances of the tests. */
export const one = "1".repeat(32);
export const two = "2".repeat(32);

/** Something a customer wants to send. */
export function text(words: string, to = "5511999990000@s.whatsapp.net"): Outgoing {
  return { to, content: { kind: "text", text: words }, options: {} };
}

/** An instance as the stores keep it. */
export function instanceOf(id: string, settings: Partial<InstanceSettings> = {}): Instance {
  const at = 1_700_000_000_000;
  return {
    id,
    name: `instance ${id.slice(0, 4)}`,
    token: newToken(),
    settings: { ...defaultInstanceSettings, ...settings },
    hooks: { delivery: "https://example.com/hook" },
    furtherHooks: [],
    subscription: { state: "active" },
    webhookSecrets: [],
    connection: { state: "connected", at, phone: "5511900000000" },
    createdAt: at,
    updatedAt: at,
  };
}

/** A try that reached the sender. */
export interface Sent {
  readonly instanceId: string;
  readonly messageId: string;
  readonly words: string;
  /** Fake milliseconds since the start of the test. */
  readonly at: number;
}

/** A sender whose answers a test scripts. */
export interface ScriptedSender extends Sender {
  readonly sent: readonly Sent[];
  readonly typed: readonly { readonly state: string; readonly at: number }[];
  /** Sends in flight of which no answer was given. */
  readonly inFlight: () => number;
  /** What follows for the messages with these words, try by try; afterwards, and for all others, they are acked. */
  readonly script: (words: string, ...answers: readonly (SendResult | "hang")[]) => void;
  /** What follows for every message without a script. */
  readonly always: (answer: SendResult | "hang") => void;
  readonly close: (instanceId: string) => void;
  readonly open: (instanceId: string) => void;
  /** Keeps messages to this number from being tried, until a time in fake milliseconds since the start; undefined lets go. */
  readonly hold: (to: string, untilMs: number | undefined, reason?: SendHold["reason"], isEndKnown?: boolean) => void;
  /** Asked for right before each answer, e.g. to act while a message is on its way. */
  readonly during: (act: (sent: Sent) => Promise<void> | void) => void;
}

/** Answers of the sender. */
export const acked = (messageId = "x", chatId = "5511999990000@s.whatsapp.net"): SendResult => ({
  outcome: "acked",
  at: 1_700_000_000_000,
  chatId,
  senderId: "5511900000000@s.whatsapp.net",
  type: "text",
  proto: Buffer.from(messageId),
});
export const transient: SendResult = { outcome: "unknown", kind: "transient", error: "socket hung up" };
export const timedOut: SendResult = { outcome: "unknown", kind: "timeout", error: "no ack" };
export const disconnected: SendResult = { outcome: "unknown", kind: "disconnected", error: "connection closed" };
export const refused: SendResult = { outcome: "rejected", kind: "permanent", error: "Phone number does not exist" };
type Refused = Extract<SendResult, { outcome: "rejected" }>;
export const restricted: Refused = { outcome: "rejected", kind: "restricted", error: "", code: 463 };
export const tooMuch: Refused = { outcome: "rejected", kind: "restricted", error: "", code: 429 };

/** A sender for `instances`, all of them open. */
function createScriptedSender(time: FakeTime): ScriptedSender {
  const start = time.clock.now();
  const sent: Sent[] = [];
  const typed: { state: string; at: number }[] = [];
  const scripts = new Map<string, (SendResult | "hang")[]>();
  const closed = new Set<string>();
  const holds = new Map<string, SendHold>();
  const waiters = new Set<{ readonly instanceId: string; readonly wake: () => void }>();
  let usual: SendResult | "hang" | undefined;
  let inFlight = 0;
  let act: ((sent: Sent) => Promise<void> | void) | undefined;
  return {
    sent,
    typed,
    inFlight: () => inFlight,
    script: (words, ...answers) => void scripts.set(words, [...answers]),
    always: (answer) => (usual = answer),
    close: (instanceId) => void closed.add(instanceId),
    open: (instanceId) => {
      closed.delete(instanceId);
      for (const waiter of waiters) if (waiter.instanceId === instanceId) waiter.wake();
    },
    hold: (to, untilMs, reason = "restriction", isEndKnown = true) => {
      if (untilMs === undefined) holds.delete(to);
      else {
        const until = start + untilMs;
        holds.set(to, { until, reason, ...(reason === "restriction" && isEndKnown && { endsAt: until }) });
      }
    },
    holds: async ({ outgoing }) => holds.get(outgoing.to),
    during: (action) => (act = action),
    isOpen: (instanceId) => !closed.has(instanceId),
    untilOpen: async (instanceId, signal) => {
      if (!closed.has(instanceId) || signal.aborted) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const waiter = { instanceId, wake: resolve };
      waiters.add(waiter);
      signal.addEventListener("abort", () => resolve(), { once: true });
      await promise.finally(() => waiters.delete(waiter));
    },
    typing: async (_instanceId, _to, state) => void typed.push({ state, at: time.clock.now() - start }),
    send: async ({ instanceId, messageId, outgoing }, signal) => {
      const words = outgoing.content.kind === "text" ? outgoing.content.text : "";
      const answer = scripts.get(words)?.shift() ?? usual ?? acked(messageId, outgoing.to);
      const entry = { instanceId, messageId, words, at: time.clock.now() - start };
      sent.push(entry);
      inFlight += 1;
      try {
        await act?.(entry);
        // A socket needs a turn of the event loop at least.
        await new Promise(setImmediate);
        if (answer !== "hang") return answer;
        if (signal.aborted) return timedOut;
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
        return timedOut;
      } finally {
        inFlight -= 1;
      }
    },
  };
}

/** A running queue and everything around it. */
export interface QueueRig extends AsyncDisposable {
  readonly time: FakeTime;
  readonly sender: ScriptedSender;
  readonly store: Pick<Store, "queue" | "instances" | "directory">;
  readonly worker: QueueWorker;
  readonly enqueue: Enqueue;
  readonly outcomes: readonly QueueOutcome[];
  readonly logged: readonly { readonly level: string; readonly message: string; readonly fields: LogFields }[];
  /** Accepts texts one after the other. */
  readonly say: (...words: readonly string[]) => Promise<void>;
  /** Words that reached the sender, in order, with their repetitions. */
  readonly words: () => readonly string[];
  /** Moves time until nothing waits in the queue of `instanceId`. */
  readonly drained: (instanceId?: string) => Promise<void>;
}

/** What a test changes. */
export interface RigOptions {
  readonly options?: Partial<QueueOptions>;
  readonly enqueueOptions?: Partial<EnqueueOptions>;
  readonly deps?: Partial<QueueDeps>;
  readonly time?: FakeTime;
  readonly sender?: ScriptedSender;
}

/** Events as rows, close enough to what the pipeline makes of them. */
function toNewEvent(captured: Captured): NewEvent {
  const dedupeKey = createHash("sha256").update(JSON.stringify(captured)).digest("hex");
  return {
    dedupeKey,
    kind: captured.kind,
    type: "DeliveryCallback",
    occurredAt: 1,
    captured: JSON.stringify(captured),
    slots: ["delivery"],
  };
}

/** Starts a queue over this store. Pace is off unless a test asks for it. */
export function startRig(store: QueueRig["store"], input: RigOptions = {}): QueueRig {
  const time = input.time ?? createFakeTime();
  const sender = input.sender ?? createScriptedSender(time);
  const outcomes: QueueOutcome[] = [];
  const logged: { level: string; message: string; fields: LogFields }[] = [];
  const at = (level: string) => (fields: LogFields, message: string) => void logged.push({ level, message, fields });
  const log: Log = {
    ...silentLog,
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
  };
  const deps: QueueDeps = {
    queue: store.queue,
    instances: store.instances,
    directory: store.directory,
    sender,
    toNewEvent,
    observe: (outcome) => void outcomes.push(outcome),
    clock: time.clock,
    sleep: time.sleep,
    random: () => 0.5,
    log,
    ...input.deps,
  };
  const stop = new AbortController();
  const options = { ...defaultQueueOptions, owner: "test", pace: { minMs: 0, maxMs: 0 }, ...input.options };
  const worker = startQueue(deps, options, stop.signal);
  const enqueue = createEnqueue({ ...deps, worker }, { ...defaultEnqueueOptions, ...input.enqueueOptions });
  return {
    time,
    sender,
    store,
    worker,
    enqueue,
    outcomes,
    logged,
    say: async (...words) => {
      for (const word of words) await enqueue({ instanceId: one, outgoing: text(word) });
    },
    words: () => sender.sent.map((entry) => entry.words),
    drained: (instanceId = one) =>
      time.until(async () => (await store.queue.count({ instanceId, states: ["queued", "sending"] })) === 0),
    [Symbol.asyncDispose]: () => worker[Symbol.asyncDispose](),
  };
}
