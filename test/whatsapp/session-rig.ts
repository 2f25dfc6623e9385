import { randomInt } from "node:crypto";
import { defaultInstanceSettings } from "#domain/instance.ts";
import { newInstanceId } from "#domain/ids.ts";
import type { SendResult } from "#domain/session.ts";
import { systemClock } from "#lib/clock.ts";
import { silentLog } from "#lib/log.ts";
import type { SandboxControl } from "#sandbox/control.ts";
import type { Store } from "#store/store.ts";
import type { InboundBatch } from "#whatsapp/inbound.ts";
import type { SessionsOptions } from "#whatsapp/options.ts";
import { createMetrics } from "#observe/metrics.ts";
import type { SessionDeps, SessionObserver } from "#whatsapp/session-deps.ts";
import { createSessions, type Sessions } from "#whatsapp/sessions.ts";
import type { OutgoingFiles } from "#whatsapp/send/payload.ts";
import { sandboxTransport } from "#whatsapp/transport.ts";
import { openTestStore } from "../support/store.ts";
import { faultyAuthStore, type FaultyAuthStore } from "./support.ts";
import { pathFiles } from "../support/path-files.ts";

/** Everything a session needs, around one instance: a store of its own, the sandbox, and a pipeline that remembers. */
export interface SessionRig extends AsyncDisposable {
  readonly instanceId: string;
  /** Own number; nobody else in the sandbox has it. */
  readonly number: string;
  readonly contact: string;
  readonly store: Store;
  readonly authStore: FaultyAuthStore;
  readonly sessions: Sessions;
  readonly batches: InboundBatch[];
  /** Whether batches are stored (their journal entries settled), as by a pipeline; off: it died with them in memory. */
  persists: boolean;
  /** Answers of `receive`; undefined means there is room. */
  room: () => Promise<void> | undefined;
  /** The files of messages; at first those whose media id is their path. */
  files: OutgoingFiles;
  readonly signal: AbortSignal;
  /** By QR, until it was connected. */
  readonly link: () => Promise<void>;
  /** By QR, until it is connected and has taken in what comes right after linking. */
  readonly pair: () => Promise<void>;
  readonly opened: () => Promise<void>;
  readonly sendText: (
    messageId: string,
    text: string,
    more?: { to?: string; ackTimeoutMs?: number },
  ) => Promise<SendResult>;
  /** Texts of the messages handed over so far, in order. */
  readonly texts: () => string[];
  /** More sessions on the same store, as of another process. */
  readonly other: (owner: string) => Sessions;
  readonly stateNames: () => Promise<string[]>;
}

const { observe: unobserved } = createMetrics({ enabled: false });

async function until(signal: AbortSignal, holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) {
    signal.throwIfAborted();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export async function openSessionRig(
  sandbox: { readonly control: SandboxControl; readonly url: string },
  options: Partial<SessionsOptions> = {},
  {
    versionSuspected,
    webVersions,
    ...observe
  }: Partial<SessionObserver> & Pick<SessionDeps, "versionSuspected" | "webVersions"> = {},
): Promise<SessionRig> {
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(15_000)]);
  const parts = new AsyncDisposableStack();
  const store = parts.use(await openTestStore());
  const transport = parts.use(await sandboxTransport(sandbox.url, signal));
  const authStore = faultyAuthStore(store.authState);
  const instanceId = newInstanceId();
  const unique = randomInt(10_000_000, 99_999_999);
  const number = `55119${unique}`;
  const contact = `55218${unique}`;
  await sandbox.control.addContact({ number: contact, name: "Bob" });
  await store.instances.create({
    instance: {
      id: instanceId,
      name: instanceId,
      token: "t".repeat(40),
      settings: defaultInstanceSettings,
      hooks: {},
      furtherHooks: [],
      subscription: { state: "active" },
      webhookSecrets: [],
      connection: { state: "unpaired", at: 0 },
      createdAt: 0,
      updatedAt: 0,
    },
  });
  const batches: InboundBatch[] = [];
  const inbound = {
    receive: (batch: InboundBatch) => {
      if (!rig.persists) return undefined;
      batches.push(batch);
      void store.authState.settleJournal({ instanceId, stanzaIds: batch.journalIds, now: systemClock.now() });
      return rig.room();
    },
  };
  const make = (owner: string): Sessions => {
    const deps = {
      ...store,
      authState: authStore,
      inbound,
      transport,
      files: { open: (input, fileSignal) => rig.files.open(input, fileSignal) } satisfies OutgoingFiles,
      clock: systemClock,
      log: silentLog,
      owner,
      ...(versionSuspected === undefined ? {} : { versionSuspected }),
      ...(webVersions !== undefined && { webVersions }),
      observe: { ...unobserved, ...observe },
    };
    const quick = { baseMs: 20, maxMs: 50, stableMs: 1_000, healMs: 50, maxHeals: 1 };
    return parts.use(createSessions(deps, { reconnect: quick, closeGraceMs: 200, ...options }, stop.signal));
  };
  const sessions = make("one");
  const rig: SessionRig = {
    instanceId,
    number,
    contact,
    store,
    authStore,
    sessions,
    batches,
    persists: true,
    room: () => undefined,
    files: pathFiles,
    signal,
    link: async () => {
      const { qr } = await sessions.qr(instanceId, signal);
      await sandbox.control.scan({ number, qr, name: "Own" }, signal);
      await rig.opened();
    },
    pair: async () => {
      await rig.link();
      // The first history comes right after linking; tests are about what comes after it.
      await until(signal, async () => {
        const device = sandbox.control.state().devices.find((linked) => linked.number === number);
        if (device?.queued !== 0) return false;
        if (!batches.some(({ events }) => events?.["messaging-history.set"] !== undefined)) return false;
        return (await store.authState.pendingJournal({ instanceId, limit: 1 })).length === 0;
      });
    },
    opened: () => sessions.untilOpen(instanceId, signal),
    sendText: (messageId, text, { to = contact, ackTimeoutMs = 5_000 } = {}) =>
      sessions.send(
        {
          instanceId,
          messageId,
          ackTimeoutMs,
          outgoing: {
            to: to.includes("@") ? to : `${to}@s.whatsapp.net`,
            content: { kind: "text", text },
            options: {},
          },
        },
        signal,
      ),
    texts: () =>
      batches.flatMap(
        ({ events }) =>
          events?.["messages.upsert"]?.messages.flatMap(
            ({ message }) => message?.conversation ?? message?.extendedTextMessage?.text ?? [],
          ) ?? [],
      ),
    other: make,
    stateNames: async () => {
      const history = await store.instances.connectionHistory({ instanceId, limit: 50 });
      return history.toReversed().map(({ state, reason }) => `${state} ${reason}`);
    },
    [Symbol.asyncDispose]: async () => {
      await parts.disposeAsync();
      stop.abort();
    },
  };
  return rig;
}
