import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";

import type { Store } from "#store/store.ts";

import { addInstance, happening } from "../../contract/adapter.ts";
import { hookUrl, settlementOf } from "../../contract/delivery-tools.ts";
import { queuedText } from "../../contract/queue-tools.ts";
import { openTestStore } from "../../support/store.ts";
import { perSecond, runPairs } from "../measure.ts";
import type { Row } from "../row.ts";

const few = 1_000;
const many = 1_000_000;
const count = 300;

// What lies behind: delivered events, sent messages, known messages and their receipts.
const past: readonly string[] = [
  `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < @rows)
   INSERT INTO events (event_id, instance_id, sequence, kind, type, chat_id, message_id, occurred_at, captured, slot_mask,
     created_at)
   SELECT 'evt_' || i, @id, i, 'message', 'ReceivedCallback', 'c' || (i % 500), 'M' || i, @at, '{}', 2, @at FROM n`,
  `INSERT INTO deliveries (position, sequence, instance_id, hook_id, url, slot_mask, state, attempts, due_at, created_at,
     updated_at)
   SELECT position, sequence, @id, @hookId, @url, 2, 'delivered', 1, @at, @at, @at FROM events`,
  `INSERT INTO queue (instance_id, zaap_id, message_id, outgoing, state, attempts, due_at, held, typing_ms, created_at,
     updated_at)
   SELECT @id, 'Z' || sequence, 'W' || sequence, '{}', 'sent', 1, @at, NULL, 0, @at, @at FROM events`,
  `INSERT INTO messages (instance_id, message_id, chat_id, from_me, sender_id, at, type, proto, stored_at)
   SELECT @id, message_id, chat_id, 0, 's', @at, 'text', x'00', @at FROM events`,
  `INSERT INTO message_steps (instance_id, message_id, status, participant, chat_id, at, stored_at)
   SELECT @id, message_id, 'read', '', chat_id, @at, @at FROM events`,
  "UPDATE instance_counters SET event_sequence = @rows WHERE instance_id = @id",
];

/** Whether the work of a message grows with what was done before. */
export const growth: Row = {
  what: `one message in and one out, all steps in the store, behind ${many} rows of each kind`,
  against: `the same behind ${few}`,
  unit: "per second",
  run: async ({ rounds }) => {
    await using parts = new AsyncDisposableStack();
    const dir = await mkdtemp(join(tmpdir(), "wazapi-bench-"));
    parts.defer(() => rm(dir, { recursive: true, force: true }));
    const large = await openFilled(join(dir, "large.db"), many);
    parts.use(large.store);
    const small = await openFilled(join(dir, "small.db"), few);
    parts.use(small.store);
    return await runPairs(rounds, { ours: () => work(large), bare: () => work(small) });
  },
};

interface Filled {
  readonly store: Store;
  readonly instanceId: string;
}

async function work({ store, instanceId }: Filled): Promise<number> {
  const { events, deliveries, queue } = store;
  return await perSecond(count, async () => {
    const [lane] = await deliveries.claimLanes({ owner: "bench", limit: 1, leaseMs: 60_000, now: Date.now() });
    for (let n = 0; n < count; n += 1) {
      const now = Date.now();
      await events.persist({ instanceId, events: [happening(`${now} ${n}`)], now });
      const owned = lane ?? (await deliveries.claimLanes({ owner: "bench", limit: 1, leaseMs: 60_000, now }))[0]!;
      const [pending] = await deliveries.pending({ lane: owned, limit: 1 });
      const settlements = [settlementOf(pending!, { state: "delivered", attempts: 1 })];
      await deliveries.settle({ lane: owned, settlements, now });
      if (lane === undefined) await deliveries.releaseLane({ lane: owned, now });
      await queue.enqueue({ message: queuedText(instanceId, "hello", { dueAt: now, createdAt: now }), now });
      const claim = await queue.claim({ instanceId, owner: "bench", leaseMs: 60_000, now });
      await queue.settle({ claim: claim!, outcome: "sent", events: [], now });
    }
    if (lane !== undefined) await deliveries.releaseLane({ lane, now: Date.now() });
  });
}

async function openFilled(path: string, rows: number): Promise<Filled> {
  let instanceId: string;
  let hookId: string;
  {
    await using store = await openTestStore(path);
    instanceId = await addInstance(store, { received: hookUrl });
    // Makes the lane, whose id the past needs.
    await store.events.persist({ instanceId, events: [happening("first")], now: Date.now() });
    hookId = (await store.deliveries.lanes({ instanceId }))[0]!.hookId;
  }
  fill(path, { id: instanceId, hookId, url: hookUrl, at: Date.now(), rows });
  return { store: await openTestStore(path), instanceId };
}

function fill(path: string, values: Readonly<Record<string, string | number>>): void {
  const db = new Database(path);
  db.pragma("synchronous = OFF");
  db.exec("DELETE FROM deliveries; DELETE FROM events");
  db.transaction(() => {
    for (const sql of past) {
      db.prepare(sql).run(Object.fromEntries(Object.entries(values).filter(([name]) => sql.includes(`@${name}`))));
    }
  })();
  db.pragma("wal_checkpoint(TRUNCATE)");
  db.close();
}
