import type { Database } from "better-sqlite3";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ClaimedMessage } from "#store/queue.ts";
import type { Lane } from "#store/deliveries.ts";
import type { Store } from "#store/store.ts";
import { addInstance, happening, range, t0 } from "../contract/adapter.ts";
import { hookUrl, settlementOf } from "../contract/delivery-tools.ts";
import { queuedText } from "../contract/queue-tools.ts";
import { openTestStore, testSealer } from "../support/store.ts";
import { watchDatabases } from "./database-watch.ts";

const pageBytes = 4_096;
const few = 1_000;
const many = 200_000;

const numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < @rows)";
const tenth = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < @rows / 10)";

/** What lies behind an instance: half of it done, half waiting for an endpoint and a connection that are down. */
const past: readonly string[] = [
  `INSERT INTO events (event_id, instance_id, sequence, kind, type, chat_id, message_id, occurred_at, captured,
     slot_mask, created_at)
   ${numbers} SELECT 'evt_' || i, @id, i, 'message', 'ReceivedCallback', 'c' || (i % 500), 'M' || i, @at, '{}', 2, @at
   FROM n`,
  `INSERT INTO deliveries (position, sequence, instance_id, hook_id, url, slot_mask, state, attempts, due_at, created_at,
     updated_at)
   SELECT position, sequence, @id, @hookId, @url, 2, iif(sequence <= @rows / 2, 'delivered', 'pending'), 1, @at, @at, @at
   FROM events WHERE instance_id = @id AND sequence <= @rows`,
  // Of what waits a third stands behind others of its chat, and as much is set aside for hours.
  `INSERT INTO queue (instance_id, zaap_id, message_id, chat_id, outgoing, state, held, waits_for, attempts, due_at,
     typing_ms, created_at, updated_at)
   ${numbers} SELECT @id, 'Z' || i, 'W' || i, 'q' || (i / 3), '{"to":"c","content":{"kind":"text","text":"t"},"options":{}}',
     iif(i <= @rows / 2, 'sent', 'queued'), iif(i <= @rows / 2, NULL, iif(i % 3 = 0, iif(i % 2 = 0, 0, 2), 3)),
     iif(i > @rows / 2 AND i % 6 = 3, 'restriction', NULL), 0,
     iif(i % 6 = 3, @at + 3600000, @at), 0, @at, @at FROM n`,
  `INSERT INTO journal (instance_id, kind, content_hash, stanza_id, attrs, sealed_payload, at, settled_at)
   ${numbers} SELECT @id, 'plaintext', 'hash ' || i, 'S' || i, '{}', @sealed, @at, iif(i > @rows / 2, @at, NULL) FROM n`,
  `INSERT INTO messages (instance_id, message_id, chat_id, from_me, sender_id, at, type, proto, stored_at)
   ${numbers} SELECT @id, 'M' || i, 'c' || (i % 500), 0, 's', @at, 'text', x'00', @at FROM n`,
  `INSERT INTO message_steps (instance_id, message_id, status, participant, chat_id, at, stored_at)
   ${numbers} SELECT @id, 'M' || i, 'read', '', 'c', @at, @at FROM n`,
  `INSERT INTO idempotency_keys (instance_id, key, request_hash, zaap_id, expires_at)
   ${tenth} SELECT @id, 'k' || i, 'h', 'Z' || i, @at + 86400000 FROM n`,
  `INSERT INTO auth_keys (instance_id, type, key_id, sealed_value)
   ${tenth} SELECT @id, 'session', 'key ' || i, @sealed FROM n`,
  `INSERT INTO lid_pairs (instance_id, lid, phone) ${tenth} SELECT @id, 'L' || i, 'P' || i FROM n`,
  `INSERT INTO contacts (instance_id, contact_id) ${tenth} SELECT @id, 'c' || i FROM n`,
  `INSERT INTO chats (instance_id, chat_id, last_message_at) ${tenth} SELECT @id, 'c' || i, @at FROM n`,
  "UPDATE instance_counters SET event_sequence = @rows WHERE instance_id = @id",
  "UPDATE lanes SET due_at = @at WHERE instance_id = @id",
  "INSERT INTO queue_lines (instance_id, due_at) VALUES (@id, @at)",
];

/** Bytes this process has read from files so far. */
function bytesRead(): number {
  return Number(/^rchar: (\d+)$/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);
}

// A page that is not in memory is read from the file, so reads count the rows an operation looks at, whatever the machine.
describe.skipIf(!existsSync("/proc/self/io"))("growth", () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "wazapi-growth-"));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  test("an operation reads as little behind 200 000 rows as behind 1 000", async () => {
    const small = await measure(few);
    const large = await measure(many);
    const grown = Object.entries(large)
      // One more level in each index that is touched, and nothing else.
      .filter(([name, pages]) => pages > 2 * small[name]! + 8)
      .map(([name, pages]) => `${name}: ${small[name]} pages became ${pages}`);
    expect(grown).toEqual([]);
  }, 60_000);

  async function measure(rows: number): Promise<Readonly<Record<string, number>>> {
    using watch = watchDatabases();
    await using store = await openTestStore(join(dir, `${rows}.db`));
    const [db] = [...watch.databases] as [Database];
    const instanceId = await addInstance(store, { received: hookUrl });
    await fill(store, db, { instanceId, rows });
    const pages: Record<string, number> = {};
    for (const [name, run] of operations(store, instanceId)) {
      db.pragma("wal_checkpoint(TRUNCATE)");
      db.pragma("shrink_memory");
      const before = bytesRead();
      // The look itself reads too.
      const look = bytesRead() - before;
      const start = bytesRead();
      await run();
      pages[name] = Math.round((bytesRead() - start - look) / pageBytes);
    }
    return pages;
  }

  async function fill(store: Store, db: Database, input: { instanceId: string; rows: number }): Promise<void> {
    const { instanceId, rows } = input;
    // Makes the lane, whose id the past needs.
    await store.events.persist({ instanceId, events: [happening("first")], now: t0 });
    const [lane] = await store.deliveries.lanes({ instanceId });
    db.exec("DELETE FROM deliveries; DELETE FROM events");
    db.pragma("synchronous = OFF");
    const values = {
      id: instanceId,
      hookId: lane!.hookId,
      url: hookUrl,
      at: t0,
      rows,
      sealed: testSealer.seal(Buffer.from("v")),
    };
    db.transaction(() => {
      for (const sql of past) {
        const named = Object.fromEntries(Object.entries(values).filter(([name]) => sql.includes(`@${name}`)));
        db.prepare(sql).run(named);
      }
    })();
    db.pragma("synchronous = FULL");
    await store.authState.fence({ instanceId, token: 1 });
  }
});

/** What a running server does all the time, in an order in which each finds what it needs. */
function operations(
  store: Store,
  instanceId: string,
): readonly (readonly [name: string, run: () => Promise<unknown>])[] {
  const { authState, events, deliveries, queue, messages, directory } = store;
  const now = t0 + 5;
  const about = { instanceId, messageId: "M7" };
  let lane: Lane;
  let claim: ClaimedMessage;
  const stored = {
    ...about,
    chatId: "c7",
    fromMe: true,
    senderId: "s",
    at: now,
    type: "text",
    proto: Buffer.from("p"),
  };
  const journal = [
    { kind: "stanza" as const, contentHash: "new", stanzaId: "new", attrs: "{}", payload: Buffer.from("p"), at: now },
  ];
  const step = { messageId: "M7", chatId: "c7", status: "read" as const, participant: "p", at: now };
  return [
    [
      "commit",
      () =>
        authState.commit({
          instanceId,
          token: 1,
          creds: "{}",
          keys: [{ type: "session", id: "key 7", value: Buffer.from("v") }],
          journal,
        }),
    ],
    ["getKeys", () => authState.getKeys({ instanceId, type: "session", ids: ["key 7", "key 999"] })],
    ["findJournaled", () => authState.findJournaled({ instanceId, contentHash: "hash 7" })],
    ["pendingJournal", () => authState.pendingJournal({ instanceId, limit: 5 })],
    [
      "persist",
      () =>
        events.persist({
          instanceId,
          events: [happening("a"), happening("b")],
          records: {
            messages: [stored],
            statuses: [step],
            lidPairs: [{ lid: "L7", phone: "changed" }],
            contacts: [{ contactId: "c7", name: "n" }],
            chats: [{ chatId: "c7", unread: 1 }],
          },
          journalIds: ["new"],
          now,
        }),
    ],
    ["persist again", () => events.persist({ instanceId, events: [happening("a"), happening("b")], now })],
    ["since", async () => events.since({ after: (await events.lastPosition()) - 2, limit: 10 })],
    ["nextDueAt of lanes", () => deliveries.nextDueAt({ now })],
    [
      "claimLanes",
      async () => ([lane] = (await deliveries.claimLanes({ owner: "w", limit: 10, leaseMs: 1_000, now })) as [Lane]),
    ],
    ["claimLanes without work", () => deliveries.claimLanes({ owner: "v", limit: 10, leaseMs: 1_000, now })],
    ["pending", () => deliveries.pending({ lane, limit: 2 })],
    [
      "settle deliveries",
      async () => {
        const waiting = await deliveries.pending({ lane, limit: 2 });
        const attempt = { at: now, durationMs: 1, status: 200, counted: true };
        const settlements = waiting.map((each) => settlementOf(each, { state: "delivered", attempts: 1, attempt }));
        return deliveries.settle({ lane, settlements, now });
      },
    ],
    ["renewLane", () => deliveries.renewLane({ lane, leaseMs: 1_000, now })],
    ["releaseLane", () => deliveries.releaseLane({ lane, now })],
    [
      "enqueue",
      () =>
        queue.enqueue({
          message: queuedText(instanceId, "t"),
          idempotency: { key: "new", requestHash: "h", expiresAt: now + 1_000 },
          now,
        }),
    ],
    [
      "enqueue where it is full",
      () => queue.enqueue({ message: queuedText(instanceId, "t"), maxWaiting: 500, now }).catch(() => {}),
    ],
    [
      "enqueue again",
      () =>
        queue.enqueue({
          message: queuedText(instanceId, "t"),
          idempotency: { key: "new", requestHash: "h", expiresAt: now + 1_000 },
          now,
        }),
    ],
    ["instancesWithWork", () => queue.instancesWithWork({ now, limit: 10 })],
    ["nextDueAt of queue", () => queue.nextDueAt({ now })],
    [
      "claim",
      async () => {
        const claimed = await queue.claim({ instanceId, owner: "w", leaseMs: 1_000, now });
        if (claimed === undefined) throw new Error("there was nothing to claim");
        claim = claimed;
      },
    ],
    ["claim while another lives", () => queue.claim({ instanceId, owner: "v", leaseMs: 1_000, now })],
    ["renew", () => queue.renew({ claim, leaseMs: 1_000, now })],
    ["settle a send", () => queue.settle({ claim, outcome: "sent", stored, events: [happening(claim.zaapId)], now })],
    ["byMessageId", () => queue.byMessageId({ instanceId, messageId: "W7" })],
    ["list the queue", () => queue.list({ instanceId, states: ["queued", "sending", "sent"], limit: 10 })],
    ["message", () => messages.get(about)],
    ["trace", () => messages.trace(about)],
    ["record", () => messages.record({ instanceId, steps: [{ ...step, messageId: "M8" }] })],
    ["phoneOf", () => directory.phoneOf({ instanceId, lid: "L9" })],
    ["lidOf", () => directory.lidOf({ instanceId, phone: "P9" })],
    ["chat", () => directory.chat({ instanceId, chatId: "c9" })],
    ["chats", () => directory.chats({ instanceId, offset: 0, limit: 10 })],
    ["touchConnection", () => store.instances.touchConnection({ instanceId, lastSeenAt: now })],
    ["check", () => store.check()],
    ["dead letters", () => deliveries.list({ instanceId, state: "dead", limit: 10 })],
    ["discarded deliveries", () => deliveries.list({ instanceId, state: "discarded", limit: 10 })],
    ["deliveries", () => deliveries.list({ instanceId, limit: 10 })],
    ["deliveries of an event", () => deliveries.list({ instanceId, eventId: "evt_7", limit: 10 })],
    ["dead letters of an event", () => deliveries.list({ instanceId, eventId: "evt_7", state: "dead", limit: 1 })],
    ["events with a dead letter", () => events.list({ instanceId, deliveryState: "dead", limit: 10 })],
    ["events of a chat", () => events.list({ instanceId, chatId: "c7", limit: 10 })],
    ["event by its id", () => events.list({ instanceId, eventIds: ["evt_7", "evt_8"], limit: 10 })],
    ["replay of an event", () => events.replay({ selector: { instanceId, eventIds: ["evt_7"] }, limit: 10, now })],
    ["revive", () => deliveries.revive({ instanceId, limit: 10, now })],
    ["count dead letters", () => deliveries.count({ instanceId, state: "dead" })],
    ["newest events", () => events.list({ instanceId, limit: 10 })],
    ...range(1, 2).map(
      (n) => [`settle journal ${n}`, () => authState.settleJournal({ instanceId, stanzaIds: [`S${n}`], now })] as const,
    ),
  ];
}
