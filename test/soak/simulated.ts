import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { startHeartbeat } from "#cluster/heartbeat.ts";
import { defaultReconcileOptions, startReconcile } from "#cluster/reconcile.ts";
import { defaultRetentionPace, startRetention } from "#cluster/retention.ts";
import type { SendResult } from "#domain/session.ts";
import { silentLog } from "#lib/log.ts";
import { toNewEvent } from "#pipeline/persist/to-new-event.ts";
import { createEnqueue, defaultEnqueueOptions } from "#queue/enqueue.ts";
import { defaultQueueOptions } from "#queue/options.ts";
import { startQueue } from "#queue/worker.ts";
import { openSqliteStore } from "#store/sqlite/open.ts";
import { holdLease } from "#whatsapp/lease.ts";
import { instanceOf, startRig, textOf } from "../pipeline/rig.ts";
import { createFakeTime, type FakeTime } from "../support/fake-time.ts";
import { testSealer } from "../support/store.ts";
import { growthOf, growthTable, type Growth, type Point } from "./growth.ts";
import { noiseOf, rowsOf } from "./sample.ts";

const hourMs = 3_600_000;
/** One message each way, with its receipts. */
const tickMs = 10_000;
const warmupHours = 5;
const instanceId = "A".repeat(32);
const chat = "5511900000002";

/** So that after the warm-up as many rows go as come. */
const policy = {
  deliveredEventsMs: 2 * hourMs,
  deadLettersMs: 3 * hourMs,
  sentQueueMs: 2 * hourMs,
  failedQueueMs: 2 * hourMs,
  settledJournalMs: 2 * hourMs,
  messagesMs: 3 * hourMs,
  connectionHistoryMs: 3 * hourMs,
};

/**
 * Hours of everything that runs by the clock, in minutes: both roads with outages of the endpoint and of the connection,
 * retention, leases, heartbeats, reconciling, against a database file. Answers whether nothing grew.
 */
export async function simulateHours(hours: number): Promise<boolean> {
  await using parts = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), "wazapi-soak-"));
  parts.defer(() => rm(dir, { recursive: true, force: true }));
  const path = join(dir, "wazapi.db");
  const time = createFakeTime();
  const world = await openWorld(parts, { path, time });
  const startedAt = time.clock.now();
  const points = new Map<string, Point[]>();
  const keep = (name: string, value: number): void => {
    points.set(name, [...(points.get(name) ?? []), { at: (time.clock.now() - startedAt) / 1_000, value }]);
  };
  for (let tick = 1; tick <= (hours * hourMs) / tickMs; tick += 1) {
    await world.act(tick);
    await time.until(() => time.clock.now() - startedAt >= tick * tickMs, 120_000);
    await world.caughtUp();
    if ((tick * tickMs) % hourMs !== 0) continue;
    // What the fake time remembers for tests is no growth of ours.
    (time.waits as number[]).length = 0;
    const hour = (tick * tickMs) / hourMs;
    const heapMiB = heapAfterCollection();
    process.stderr.write(`hour ${hour} of ${hours}: ${heapMiB.toFixed(1)} MiB on the heap\n`);
    if (hour < warmupHours) continue;
    for (const [name, rows] of Object.entries(rowsOf(path))) keep(name, rows);
    keep("heap MiB", heapMiB);
    for (const [name, value] of Object.entries(world.stats())) keep(name, value);
  }
  const all: Growth[] = [...points].map(([name, series]) => growthOf(name, series, noise(name, series[0]?.value ?? 0)));
  const { taken, sent, findings } = world.totals();
  process.stdout.write(
    `${hours} hours simulated, the first ${warmupHours} as warm-up: ${taken} webhooks taken, ${sent} messages sent, reconcile found ${findings}\n\n${growthTable(all.filter(({ first, last }) => first + last > 0))}\n`,
  );
  return !all.some(({ grows }) => grows) && findings === 0;
}

/** After a collection little is left to chance. */
function noise(name: string, level: number): number {
  return name === "heap MiB" ? 4 : noiseOf(name, level);
}

async function openWorld(parts: AsyncDisposableStack, input: { readonly path: string; readonly time: FakeTime }) {
  const { time } = input;
  const { clock, sleep } = time;
  const never = new AbortController().signal;
  const store = parts.use(await openSqliteStore({ clock }, { path: input.path, sealer: testSealer }, never));
  const receiver = parts.use(await startCounter());
  const hooks = { received: receiver.url, delivery: receiver.url, messageStatus: receiver.url };
  const instance = instanceOf(instanceId, hooks);
  await store.instances.create({ instance });
  const lease = parts.use(
    await holdLease(
      { ...store, clock, sleep, log: silentLog },
      { instanceId, owner: "soak", ttlMs: 300_000, renewMs: 120_000 },
      () => {
        throw new Error("the lease was lost");
      },
    ),
  );
  const { pipeline } = parts.use(startRig(store, { time }));
  const counters = { sent: 0, findings: 0, expected: 0 };
  let connected = true;
  const worker = parts.use(
    startQueue(
      {
        ...store,
        toNewEvent,
        sender: {
          isOpen: () => connected,
          untilOpen: (_, signal) => sleep(5_000, signal),
          typing: async () => {},
          send: async ({ messageId, outgoing }): Promise<SendResult> => {
            await Promise.resolve();
            counters.sent += 1;
            const by = { chatId: outgoing.to, senderId: "5511900000001@s.whatsapp.net" };
            return { outcome: "acked", at: clock.now(), ...by, type: "text", proto: Buffer.from(messageId) };
          },
        },
        eventsStored: () => pipeline.wake(instanceId),
        clock,
        sleep,
        random: () => 0.5,
        log: silentLog,
      },
      { ...defaultQueueOptions, owner: "soak" },
      never,
    ),
  );
  const enqueue = createEnqueue(
    { ...store, sender: { isOpen: () => connected }, worker, clock },
    { ...defaultEnqueueOptions, idempotencyMs: hourMs },
  );
  const upkeep = { clock, sleep, log: silentLog };
  parts.use(startRetention({ ...store, ...upkeep }, { ...defaultRetentionPace, policy }, never));
  parts.use(
    startHeartbeat({ leases: store.leases, onLost: () => {}, ...upkeep }, { nodeId: "soak", everyMs: 5_000 }, never),
  );
  parts.use(
    startReconcile(
      {
        instances: store.instances,
        sessions: {
          view: async () => ({ connection: instance.connection, owned: true, silentForMs: 0 }),
          start: async () => {},
          restart: async () => {},
          replayJournal: async ({ olderThanMs }) => {
            const rows = await store.authState.pendingJournal({ instanceId, limit: 100 });
            return rows.filter(({ at }) => at < clock.now() - olderThanMs).length;
          },
        },
        found: (_, count) => (counters.findings += count),
        ...upkeep,
      },
      defaultReconcileOptions,
      never,
    ),
  );

  /** Journaled with its ratchet, then received; read and delivered receipts of what was sent follow. */
  const receive = async (tick: number): Promise<void> => {
    const messageId = `IN${tick}`;
    const entry = { kind: "plaintext" as const, contentHash: messageId, stanzaId: messageId, attrs: "{}" };
    const payload = Buffer.from(`in ${tick}`);
    await store.authState.commit({ instanceId, token: lease.token, journal: [{ ...entry, payload, at: clock.now() }] });
    const key = { remoteJid: `${chat}@s.whatsapp.net`, fromMe: false, id: messageId };
    const message = { key, messageTimestamp: Math.floor(clock.now() / 1_000), message: { conversation: `in ${tick}` } };
    const events = { "messages.upsert": { type: "notify" as const, messages: [message] } };
    void pipeline.receive({
      instanceId,
      own: { phone: "5511900000001" },
      events,
      journalIds: [messageId],
      offline: false,
    });
  };
  const act = async (tick: number): Promise<void> => {
    const hour = (tick * tickMs) / hourMs;
    // Every six hours the endpoint is away for half an hour, every five the connection for a quarter.
    receiver.answer(hour % 6 > 0.2 && hour % 6 < 0.7 ? "down" : "up");
    connected = !(hour % 5 > 4 && hour % 5 < 4.25);
    await receive(tick);
    const outgoing = {
      to: `${chat}@s.whatsapp.net`,
      content: { kind: "text" as const, text: `out ${tick}` },
      options: {},
    };
    const { messageId } = await enqueue({ instanceId, outgoing, idempotencyKey: `key ${tick}` });
    const receipt = { messageId, chatId: outgoing.to, at: clock.now() };
    await store.messages.record({
      instanceId,
      steps: [
        { ...receipt, status: "delivered" },
        { ...receipt, status: "read" },
      ],
    });
    if (tick % 360 > 0) return;
    await pipeline.record(instanceId, [{ ...textOf(tick, chat), content: { type: "text", text: "poison" } }]);
    const { connection } = instance;
    for (const state of ["disconnected", "connected"] as const) {
      await store.instances.recordConnection({ instanceId, connection: { ...connection, state, at: clock.now() } });
    }
  };
  return {
    act,
    stats: () => {
      const { buffered, lanes, held } = pipeline.stats();
      return { buffered, lanes, held, "active resources": process.getActiveResourcesInfo().length };
    },
    totals: () => ({ ...counters, taken: receiver.taken() }),
    /** Real sockets and disks take real time: the day must not run away from them. */
    caughtUp: async () => {
      const behind = async (): Promise<boolean> =>
        receiver.isUp() && (await store.deliveries.count({ instanceId, state: "pending" })) > 20;
      while (await behind()) await time.settle(50);
    },
  };
}

/** An endpoint that remembers nothing but how much it took. */
async function startCounter() {
  let taken = 0;
  let isUp = true;
  const server = createServer((request, response) => {
    let poison = false;
    request.on("data", (chunk: Buffer) => (poison ||= chunk.includes("poison")));
    request.on("end", () => {
      if (!isUp) return void request.socket.destroy();
      if (!poison) taken += 1;
      response.writeHead(poison ? 400 : 200).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    taken: () => taken,
    isUp: () => isUp,
    answer: (how: "up" | "down") => (isUp = how === "up"),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function heapAfterCollection(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let round = 0; round < 3; round += 1) collect();
  return process.memoryUsage().heapUsed / 1_048_576;
}
