import { randomInt } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultReconcileOptions } from "#cluster/reconcile.ts";
import { defaultRetentionPace } from "#cluster/retention.ts";
import { newInstanceId } from "#domain/ids.ts";
import { defaultInstanceSettings, type Hooks } from "#domain/instance.ts";
import { type Clock, systemClock } from "#lib/clock.ts";
import { createAddressGuard } from "#lib/guard.ts";
import { type Log, type LogFields, silentLog } from "#lib/log.ts";
import { createMetrics } from "#observe/metrics.ts";
import { defaultDispatchOptions } from "#pipeline/dispatch/options.ts";
import { defaultBufferOptions, defaultPersistOptions, defaultPostOptions } from "#pipeline/pipeline.ts";
import { defaultEnqueueOptions } from "#queue/enqueue.ts";
import { defaultQueueOptions } from "#queue/options.ts";
import type { InboxEntry } from "#sandbox/shown.ts";
import type { SandboxControl } from "#sandbox/control.ts";
import { openSqliteStore } from "#store/sqlite/open.ts";
import type { Store } from "#store/store.ts";
import { sandboxTransport } from "#whatsapp/transport.ts";
import { defaultAttendantsOptions } from "../../src/engine-attendants.ts";
import { type Engine, type EngineOptions, startEngine, takeOver } from "#engine.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { testSealer } from "../support/store.ts";
import { faultyStore, type FaultyStore } from "./faulty-store.ts";
import { pathFiles } from "../support/path-files.ts";

/** What a test changes about an engine whose waits are milliseconds already. */
interface Quick {
  readonly queue?: Partial<EngineOptions["queue"]>;
  readonly dispatch?: Partial<EngineOptions["pipeline"]["dispatch"]>;
  readonly sessions?: EngineOptions["sessions"];
  readonly attendants?: EngineOptions["attendants"];
  readonly reconcile?: Partial<EngineOptions["reconcile"]>;
  /** How long an answer of the receiver may take. */
  readonly postTimeoutMs?: number;
}

/** One paired instance on a whole engine: real Baileys, a database file, a receiver. Disposing ends all of it. */
export interface EngineRig extends AsyncDisposable {
  readonly instanceId: string;
  /** Own number, and somebody to talk to; nobody else in the sandbox has them. */
  readonly number: string;
  readonly contact: string;
  readonly path: string;
  /** The store without its faults. */
  readonly inner: Store;
  readonly faults: FaultyStore;
  readonly receiver: Receiver;
  readonly engine: () => Engine;
  readonly signal: AbortSignal;
  /** Accepts one text after the other, as the API does; answers their WhatsApp ids. */
  readonly send: (texts: readonly string[]) => Promise<readonly string[]>;
  /** The contact writes; answers the ids. */
  readonly receive: (text: string, count?: number) => Promise<readonly string[]>;
  /** Ids of the received messages that a webhook with a 2xx was about, in order, with repetitions. */
  readonly delivered: () => readonly string[];
  readonly inbox: () => Promise<readonly InboxEntry[]>;
  readonly opened: () => Promise<void>;
  /** Ends and starts again on the same file: in peace, or cut off with what it holds in memory. */
  readonly restart: (how?: "peace" | "cut") => Promise<void>;
  readonly logged: readonly { readonly level: string; readonly message: string; readonly fields: LogFields }[];
}

/** Starts an engine on a file of its own and pairs it. */
export async function openEngineRig(
  sandbox: { readonly control: SandboxControl; readonly url: string },
  input: { readonly clock?: Clock; readonly options?: Quick; readonly hooks?: (url: string) => Hooks } = {},
): Promise<EngineRig> {
  await using parts = new AsyncDisposableStack();
  const stop = new AbortController();
  parts.defer(() => stop.abort());
  const dir = await mkdtemp(join(tmpdir(), "wazapi-faults-"));
  parts.defer(() => rm(dir, { recursive: true, force: true }));
  const path = join(dir, "wazapi.db");
  const clock = input.clock ?? systemClock;
  const receiver = parts.use(await startReceiver());
  const transport = parts.use(await sandboxTransport(sandbox.url, stop.signal));
  // A lock of another process is waited for as long as nothing else hangs on it.
  const inner = parts.use(
    await openSqliteStore({ clock }, { path, sealer: testSealer, writer: { lockWaitMs: 1_000 } }, stop.signal),
  );
  const faults = faultyStore(inner);
  const unique = randomInt(10_000_000, 99_999_999);
  const [number, contact] = [`55119${unique}`, `55218${unique}`];
  await sandbox.control.addContact({ number: contact, name: "Bob" });
  const instanceId = newInstanceId();
  const hooks = input.hooks?.(receiver.url) ?? {
    received: receiver.url,
    delivery: receiver.url,
    messageStatus: receiver.url,
  };
  await inner.instances.create({
    instance: {
      id: instanceId,
      name: instanceId,
      token: "t".repeat(40),
      settings: defaultInstanceSettings,
      hooks,
      furtherHooks: [],
      subscription: { state: "active" },
      webhookSecrets: [],
      connection: { state: "unpaired", at: 0 },
      createdAt: 0,
      updatedAt: 0,
    },
  });

  const logged: { level: string; message: string; fields: LogFields }[] = [];
  const log = memoryLog((entry) => logged.push(entry));
  let starts = 0;
  let running: Engine | undefined;
  const start = async (): Promise<Engine> => {
    const owner = `engine ${(starts += 1)}`;
    await takeOver(inner, { owner, now: clock.now() });
    return startEngine(
      {
        store: faults.store,
        transport,
        guard: createAddressGuard({ allowLoopback: true, allowPrivate: false }),
        media: { links: { links: async () => new Map() }, files: pathFiles, wake: () => {} },
        clock,
        log,
        owner,
        observe: createMetrics({ enabled: false }).observe,
      },
      quickOptions(owner, input.options ?? {}),
    );
  };
  const end = async (how: "peace" | "cut"): Promise<void> => {
    const patience = new AbortController();
    if (how === "cut") patience.abort();
    for (const phase of running?.phases ?? []) await phase.run(patience.signal);
    running = undefined;
  };
  parts.defer(() => end("peace"));
  running = await start();
  const current = (): Engine => {
    if (running === undefined) throw new Error("the engine was stopped");
    return running;
  };
  const opened = async (): Promise<void> => {
    const { sessions } = current().http;
    for (;;) {
      const { connection } = await sessions.view(instanceId);
      if (connection.state === "connected") return;
      stop.signal.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const { qr } = await current().http.sessions.qr(instanceId, stop.signal);
  await sandbox.control.scan({ number, qr, name: "Own" }, stop.signal);
  await opened();

  const delivered: string[] = [];
  let read = 0;
  const owned = parts.move();
  return {
    instanceId,
    number,
    contact,
    path,
    inner,
    faults,
    receiver,
    engine: current,
    signal: stop.signal,
    logged,
    opened,
    send: async (texts) => {
      const ids: string[] = [];
      for (const text of texts) {
        const outgoing = {
          to: `${contact}@s.whatsapp.net`,
          content: { kind: "text" as const, text },
          options: {},
        };
        ids.push((await current().http.sendQueue.enqueue({ instanceId, outgoing })).messageId);
      }
      return ids;
    },
    receive: async (text, count) =>
      (
        await sandbox.control.contactSend(
          { number: contact, to: number, content: { text }, ...(count === undefined ? {} : { count }) },
          stop.signal,
        )
      ).messageIds,
    delivered: () => {
      for (const { body } of receiver.taken.slice(read)) {
        const { type, messageId } = JSON.parse(body) as { type?: string; messageId?: string };
        if (type === "ReceivedCallback" && messageId !== undefined) delivered.push(messageId);
        read += 1;
      }
      return [...delivered];
    },
    inbox: () => sandbox.control.inbox({ number: contact }, stop.signal),
    restart: async (how = "peace") => {
      await end(how);
      faults.before(() => {});
      running = await start();
      await running.sessions.startAll(stop.signal);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Everything as in a server, with waits of milliseconds in place of seconds. */
function quickOptions(owner: string, quick: Quick): EngineOptions {
  const days = 24 * 60 * 60_000;
  return {
    pipeline: {
      buffer: defaultBufferOptions,
      post: { ...defaultPostOptions, timeoutMs: quick.postTimeoutMs ?? 10_000 },
      persist: defaultPersistOptions,
      dispatch: {
        ...defaultDispatchOptions,
        owner,
        pollMs: 200,
        retry: { baseMs: 10, maxMs: 80, jitter: "equal" },
        probe: { baseMs: 10, maxMs: 100, jitter: "equal" },
        ...quick.dispatch,
      },
    },
    queue: {
      ...defaultQueueOptions,
      owner,
      pace: { minMs: 0, maxMs: 0 },
      ackTimeoutMs: 10_000,
      scanMs: 500,
      retry: { baseMs: 20, maxMs: 100, jitter: "none" },
      restrictedRetry: { baseMs: 20, maxMs: 100, jitter: "none" },
      newChatRetry: { baseMs: 20, maxMs: 20, jitter: "none" },
      restrictionJitterMs: 0,
      ...quick.queue,
    },
    enqueue: defaultEnqueueOptions,
    sessions: {
      reconnect: { baseMs: 20, maxMs: 100, stableMs: 1_000, healMs: 50, maxHeals: 1 },
      closeGraceMs: 200,
      ...quick.sessions,
    },
    reconcile: { ...defaultReconcileOptions, everyMs: 1_000, firstAfterMs: 1_000, ...quick.reconcile },
    // Nobody asks for names and pictures, unless a test is about them.
    attendants: quick.attendants ?? {
      ...defaultAttendantsOptions,
      names: { ...defaultAttendantsOptions.names, everyMs: 0 },
    },
    retention: {
      ...defaultRetentionPace,
      policy: {
        deliveredEventsMs: 7 * days,
        deadLettersMs: 30 * days,
        sentQueueMs: days,
        failedQueueMs: days,
        settledJournalMs: days,
        messagesMs: 30 * days,
        connectionHistoryMs: 30 * days,
      },
    },
  };
}

function memoryLog(keep: (entry: { level: string; message: string; fields: LogFields }) => void): Log {
  const at = (level: string) => (fields: LogFields, message: string) => keep({ level, message, fields });
  const log: Log = { ...silentLog, warn: at("warn"), error: at("error"), info: at("info"), child: () => log };
  return log;
}
