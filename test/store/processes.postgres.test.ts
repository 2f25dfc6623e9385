import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventIdOf, hookIdOf } from "#domain/ids.ts";
import { guardPositions } from "#store/postgres/position-guard.ts";
import type { Store } from "#store/store.ts";
import { addInstance, codeOf, happening, range, type StoreAdapter, t0 } from "../contract/adapter.ts";
import { eventsContract } from "../contract/events.ts";
import { hookUrl, settlementOf } from "../contract/delivery-tools.ts";
import { laneOrderContract } from "../contract/lane-order.ts";
import { queueEnqueueContract } from "../contract/queue-enqueue.ts";
import { queueOrderContract } from "../contract/queue-order.ts";
import { leaseMs, queuedText, wordsOf } from "../contract/queue-tools.ts";
import { describeOnPostgres, openStoreAt, type TestPostgres, type TestSchema } from "../support/postgres.ts";
import { holdTransaction } from "./held-sql.ts";

const processes = 3;

await describeOnPostgres("several processes on postgres", (postgres) => {
  // Each call goes to the next of several stores on one schema: what holds for one process holds for all together.
  const adapter: StoreAdapter = { name: `${processes} processes`, open: () => openSpread(postgres) };
  for (const suite of [eventsContract, laneOrderContract, queueEnqueueContract, queueOrderContract]) {
    suite(adapter);
  }

  describe("side by side", () => {
    let place: TestSchema;
    let stores: readonly [Store, Store, Store];
    beforeAll(async () => {
      place = postgres.newSchema();
      // One after the other: that they may start at once is tested elsewhere.
      stores = [await openStoreAt(place), await openStoreAt(place), await openStoreAt(place)];
    });
    afterAll(async () => {
      for (const store of stores) await store[Symbol.asyncDispose]();
      await place[Symbol.asyncDispose]();
    });

    test("persist: the same batches everywhere at once are stored once, without a gap", async () => {
      const instanceId = await addInstance(stores[0], { received: hookUrl });
      const batches = range(1, 20).map((n) => range(n, n + 4).map((key) => happening(key)));
      const added = await Promise.all(
        stores.flatMap((store) => batches.map((events) => store.events.persist({ instanceId, events, now: t0 }))),
      );
      const rows = added.flat().toSorted((a, b) => a.sequence - b.sequence);
      expect(rows.map(({ sequence }) => sequence)).toEqual(range(1, 24));
      expect(rows.map(({ position }) => position)).toEqual(
        rows.map(({ position }) => position).toSorted((a, b) => a - b),
      );
      expect(await stores[1].deliveries.count({ instanceId })).toBe(24);
    });

    test("claimLanes: lanes are shared out, each to one", async () => {
      const instances = await Promise.all(range(1, 30).map(() => addInstance(stores[0], { received: hookUrl })));
      for (const instanceId of instances) {
        await stores[0].events.persist({ instanceId, events: [happening(1)], now: t0 - 1_000 });
      }
      const claims = await Promise.all(
        range(1, 4).flatMap(() =>
          stores.map((store, n) =>
            store.deliveries.claimLanes({ owner: `node ${n}`, limit: 4, leaseMs, now: t0 - 500 }),
          ),
        ),
      );
      const keys = claims.flat().map(({ instanceId }) => instanceId);
      expect(new Set(keys).size).toBe(keys.length);
    });

    test("queue: what was accepted anywhere leaves in the order of acceptance, one at a time", async () => {
      const instanceId = await addInstance(stores[0]);
      const accepted = await Promise.all(
        stores.flatMap((store, n) =>
          range(1, 15).map((m) => store.queue.enqueue({ message: queuedText(instanceId, `${n}.${m}`), now: t0 })),
        ),
      );
      const expected = accepted.map(({ message }) => message).toSorted((a, b) => a.sequence - b.sequence);
      const sent: (string | undefined)[] = [];
      let atWork = 0;
      const work = async (store: Store, owner: string): Promise<void> => {
        while (sent.length < expected.length) {
          const claim = await store.queue.claim({ instanceId, owner, leaseMs, now: t0 });
          if (claim === undefined) continue;
          atWork += 1;
          expect(atWork).toBe(1);
          sent.push(wordsOf(claim));
          atWork -= 1;
          expect(await store.queue.settle({ claim, outcome: "sent", events: [], now: t0 })).toBe(true);
        }
      };
      await Promise.all(stores.map((store, n) => work(store, `node ${n}`)));
      expect(sent).toEqual(expected.map(wordsOf));
    });

    test("queue: a message is not overtaken by one that was numbered later and stored earlier", async () => {
      const instanceId = await addInstance(stores[0]);
      await stores[0].queue.enqueue({ message: queuedText(instanceId, "first"), now: t0 });
      await using slow = await holdTransaction(place);
      // As far as an enqueue of another process has come when it is interrupted.
      await slow.run(`SELECT 1 FROM queue_lines WHERE instance_id = '${instanceId}' FOR UPDATE`);
      await slow.run(
        `INSERT INTO queue (instance_id, zaap_id, message_id, chat_id, outgoing, state, attempts, due_at, held, typing_ms,
           created_at, updated_at)
         SELECT instance_id, 'slow', 'slow', chat_id, outgoing, 'queued', 0, due_at, 3, 0, created_at, updated_at
         FROM queue WHERE instance_id = '${instanceId}'`,
      );
      const later = stores[1].queue.enqueue({ message: queuedText(instanceId, "later"), now: t0 });
      await slow.awaited();
      await slow.commit();
      await later;
      const waiting = await stores[2].queue.list({ instanceId, states: ["queued"], limit: 10 });
      expect(waiting.map(({ messageId, outgoing }) => (messageId === "slow" ? "slow" : wordsOf({ outgoing })))).toEqual(
        ["first", "slow", "later"],
      );
    });

    test("a burst on one instance, held up by another process, leaves connections to the others", async () => {
      const [one] = stores;
      const [busy, other] = [await addInstance(one), await addInstance(one)];
      await using slow = await holdTransaction(place);
      await slow.run(`SELECT 1 FROM instance_counters WHERE instance_id = '${busy}' FOR UPDATE`);
      const burst = range(1, 12).flatMap((n) => [
        one.events.persist({ instanceId: busy, events: [happening(n)], now: t0 }),
        one.queue.enqueue({ message: queuedText(busy, `${n}`), now: t0 }),
      ]);
      await slow.awaited();
      // More than there are connections wait for the busy one.
      await one.events.persist({ instanceId: other, events: [happening(1)], now: t0 });
      await one.queue.enqueue({ message: queuedText(other, "words"), now: t0 });
      await slow.commit();
      await Promise.all(burst);
      // In the order they were asked for.
      const waiting = await one.queue.list({ instanceId: busy, states: ["queued"], limit: 100 });
      expect(waiting.map(wordsOf)).toEqual(range(1, 12).map(String));
      const events = await one.events.since({ instanceId: busy, after: 0, limit: 100 });
      expect(events.map(({ messageId }) => messageId)).toEqual(range(1, 12).map((n) => `M${n}`));
    });

    test("commit: one that meets a new owner half way writes nothing", async () => {
      const [one] = stores;
      const instanceId = await addInstance(one);
      await one.authState.fence({ instanceId, token: 1 });
      await one.authState.commit({ instanceId, token: 1, creds: "first" });
      await using owner = await holdTransaction(place);
      await owner.run(`UPDATE auth_fences SET token = 2 WHERE instance_id = '${instanceId}'`);
      const late = codeOf(
        one.authState.commit({
          instanceId,
          token: 1,
          creds: "late",
          keys: [{ type: "session", id: "a", value: Buffer.from("late") }],
          journal: [
            { kind: "stanza", contentHash: "h", stanzaId: "s", attrs: "{}", payload: Buffer.from("late"), at: t0 },
          ],
        }),
      );
      await owner.awaited();
      await owner.commit();
      expect(await late).toBe("lease_lost");
      expect(await one.authState.loadCreds({ instanceId })).toBe("first");
      expect((await one.authState.getKeys({ instanceId, type: "session", ids: ["a"] })).size).toBe(0);
      expect(await one.authState.pendingJournal({ instanceId, limit: 10 })).toEqual([]);
    });

    test("settle: one that meets a new owner of the lane half way writes nothing", async () => {
      const [one] = stores;
      const instanceId = await addInstance(one, { received: hookUrl });
      await one.events.persist({ instanceId, events: [happening(1)], now: t0 - 2_000 });
      const claimed = await one.deliveries.claimLanes({ owner: "one", limit: 100, leaseMs, now: t0 - 1_500 });
      const lane = claimed.find((each) => each.instanceId === instanceId)!;
      const [delivery] = await one.deliveries.pending({ lane, limit: 1 });
      await using other = await holdTransaction(place);
      await other.run(`UPDATE lanes SET fencing_token = fencing_token + 1 WHERE instance_id = '${instanceId}'`);
      const attempt = { at: t0, durationMs: 1, status: 200, counted: true };
      const late = one.deliveries.settle({
        lane,
        settlements: [settlementOf(delivery!, { state: "delivered", attempts: 1, attempt })],
        breaker: { state: "open", failures: 1, probeAt: t0, openedAt: t0 },
        now: t0,
      });
      await other.awaited();
      await other.commit();
      expect(await late).toBe(false);
      expect((await one.deliveries.get({ deliveryId: delivery!.deliveryId }))?.state).toBe("pending");
      expect(await one.deliveries.attempts({ deliveryId: delivery!.deliveryId })).toEqual([]);
      expect((await one.deliveries.lanes({ instanceId }))[0]?.breaker.state).toBe("closed");
    });

    test("setHooks: an event that is being stored for the old URL moves along", async () => {
      const [one] = stores;
      const instanceId = await addInstance(one, { received: hookUrl });
      await using slow = await holdTransaction(place);
      // As far as another process is that stores an event: it has read the hooks, and has not committed.
      const [hookId, eventId] = [hookIdOf(instanceId, hookUrl), eventIdOf(instanceId, "slow")];
      await slow.run(`SELECT 1 FROM instance_counters WHERE instance_id = '${instanceId}' FOR NO KEY UPDATE`);
      await slow.run(
        `WITH event AS (
           INSERT INTO events (event_id, instance_id, sequence, kind, type, occurred_at, captured, slot_mask, created_at)
           VALUES ('${eventId}', '${instanceId}', 1, 'message', 'T', 0, '{}', 2, 0) RETURNING position
         ), delivery AS (
           INSERT INTO deliveries (position, sequence, instance_id, hook_id, url, slot_mask, state, attempts, due_at,
             created_at, updated_at)
           SELECT position, 1, '${instanceId}', '${hookId}', '${hookUrl}', 2, 'pending', 0, 0, 0, 0 FROM event
         )
         INSERT INTO lanes (instance_id, hook_id, url, due_at) VALUES ('${instanceId}', '${hookId}', '${hookUrl}', 0)`,
      );
      const moved = one.instances.setHooks({ instanceId, hooks: { received: `${hookUrl}/new` }, now: t0 });
      await slow.awaited();
      await slow.commit();
      await moved;
      const deliveries = await one.deliveries.list({ instanceId, limit: 10 });
      expect(deliveries.map(({ url, state }) => [url, state])).toEqual([[`${hookUrl}/new`, "pending"]]);
      const lanes = await one.deliveries.claimLanes({ owner: "one", limit: 100, leaseMs, now: t0 });
      expect(lanes.filter((lane) => lane.instanceId === instanceId).map((lane) => lane.url)).toEqual([
        `${hookUrl}/new`,
      ]);
    });

    test("prune: an event that is being replayed stays", async () => {
      const [one, two] = stores;
      const instanceId = await addInstance(one, { received: hookUrl });
      const [event] = await one.events.persist({ instanceId, events: [happening(1, { slots: [] })], now: t0 });
      await using replay = await holdTransaction(place);
      await replay.run(`SELECT 1 FROM events WHERE position = ${event!.position} FOR KEY SHARE`);
      const policy = {
        deliveredEventsMs: 0,
        deadLettersMs: 0,
        sentQueueMs: 0,
        failedQueueMs: 0,
        settledJournalMs: 0,
        messagesMs: 0,
        connectionHistoryMs: 0,
      };
      await two.retention.prune({ policy, limit: 1_000, now: t0 + 1 });
      expect(await one.events.get({ eventId: event!.eventId })).toEqual(event);
      await replay.commit();
      await two.retention.prune({ policy, limit: 1_000, now: t0 + 1 });
      expect(await one.events.get({ eventId: event!.eventId })).toBeUndefined();
    });
  });

  describe("position", () => {
    let place: TestSchema;
    let store: Store;
    beforeAll(async () => {
      place = postgres.newSchema();
      store = await openStoreAt(place);
    });
    afterAll(async () => {
      await store[Symbol.asyncDispose]();
      await place[Symbol.asyncDispose]();
    });

    /** As far as another process is that stores an event: it has its position and has not committed. */
    const startSlowWriter = async (instanceId: string, name: string) => {
      const writer = await holdTransaction(place);
      await writer.run(`SELECT ${guardPositions}`);
      await writer.run(
        `INSERT INTO events (event_id, instance_id, sequence, kind, type, occurred_at, captured, slot_mask, created_at)
         VALUES ('${eventIdOf(instanceId, name)}', '${instanceId}', 1, 'message', 'T', 0, '{}', 0, 0)`,
      );
      return writer;
    };
    const persist = async (instanceId: string, name: string): Promise<string> => {
      const [row] = await store.events.persist({ instanceId, events: [happening(name)], now: t0 });
      return row!.eventId;
    };
    const idsSince = async (after: number): Promise<readonly string[]> =>
      (await store.events.since({ after, limit: 100 })).map(({ eventId }) => eventId);

    test("since: what is stored behind a slower writer waits for it, and comes after it", async () => {
      const [slow, quick] = [await addInstance(store), await addInstance(store)];
      const start = await store.events.lastPosition();
      const before = await persist(quick, "before");
      await using writer = await startSlowWriter(slow, "slow");
      const behind = await persist(quick, "behind");
      expect(await idsSince(start)).toEqual([before]);
      const cursor = await store.events.lastPosition();
      expect(await idsSince(cursor)).toEqual([]);
      await writer.commit();
      expect(await idsSince(cursor)).toEqual([eventIdOf(slow, "slow"), behind]);
    });

    test("since: a writer that dies holds nobody up", async () => {
      const [slow, quick] = [await addInstance(store), await addInstance(store)];
      const start = await store.events.lastPosition();
      const writer = await startSlowWriter(slow, "dies");
      const behind = await persist(quick, "behind");
      expect(await idsSince(start)).toEqual([]);
      await writer[Symbol.asyncDispose]();
      await expect.poll(() => idsSince(start)).toEqual([behind]);
    });

    test("since: a reader that comes at the wrong moment gets the news without asking again", async () => {
      const [slow, quick] = [await addInstance(store), await addInstance(store)];
      const start = await store.events.lastPosition();
      await using writer = await startSlowWriter(slow, "for a moment");
      const behind = await persist(quick, "behind");
      const reading = idsSince(start);
      await writer.commit();
      expect(await reading).toEqual([eventIdOf(slow, "for a moment"), behind]);
    });
  });
});

/** One store whose calls go to several in turn. */
async function openSpread(postgres: TestPostgres): Promise<Store> {
  await using parts = new AsyncDisposableStack();
  const place = parts.use(postgres.newSchema());
  const stores: Store[] = [];
  for (let n = 0; n < processes; n += 1) stores.push(parts.use(await openStoreAt(place, { maxConnections: 2 })));
  let turn = 0;
  const spread = <Port extends object>(portOf: (store: Store) => Port): Port => {
    const ports = stores.map(portOf);
    return new Proxy(ports[0]!, {
      get: (_, name) => {
        const port = ports[(turn += 1) % processes]!;
        return Reflect.get(port, name);
      },
    });
  };
  const owned = parts.move();
  return {
    instances: spread((store) => store.instances),
    authState: spread((store) => store.authState),
    events: spread((store) => store.events),
    deliveries: spread((store) => store.deliveries),
    queue: spread((store) => store.queue),
    messages: spread((store) => store.messages),
    directory: spread((store) => store.directory),
    chatLimits: spread((store) => store.chatLimits),
    leases: spread((store) => store.leases),
    media: spread((store) => store.media),
    mediaFiles: spread((store) => store.mediaFiles),
    retention: spread((store) => store.retention),
    check: () => stores[0]!.check(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
