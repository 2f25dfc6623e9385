import { afterAll, beforeAll, expect, test } from "vitest";
import { silentLog } from "#lib/log.ts";
import { createDatabase, type Database } from "#store/postgres/database.ts";
import { statements } from "#store/postgres/statement.ts";
import type { Store } from "#store/store.ts";
import { addInstance, codeOf, happening, range, t0 } from "../contract/adapter.ts";
import { queuedText, wordsOf } from "../contract/queue-tools.ts";
import { type FaultProxy, startFaultProxy } from "../support/fault-proxy.ts";
import { describeOnPostgres, openStoreAt, type TestSchema } from "../support/postgres.ts";
import { holdTransaction } from "./held-sql.ts";

const sql = statements("test", {
  add: "UPDATE counted SET n = n + 1 WHERE id = $1",
  sum: "SELECT sum(n)::bigint AS total FROM counted",
  nonsense: "SELECT nothing FROM nowhere",
  none: "SELECT 1 / $1::int AS never",
});

await describeOnPostgres("connections to postgres", (postgres) => {
  let place: TestSchema;
  let proxy: FaultProxy;
  /** Reached through the proxy. */
  let store: Store;
  let db: Database;
  beforeAll(async () => {
    place = postgres.newSchema();
    await (await openStoreAt(place))[Symbol.asyncDispose]();
    const target = new URL(postgres.dsn);
    const port = target.port === "" ? 5432 : Number(target.port);
    proxy = await startFaultProxy(() => port);
    target.host = `127.0.0.1:${proxy.port}`;
    store = await openStoreAt({ ...place, dsn: target.href });
    db = createDatabase({ log: silentLog }, { ...place, maxConnections: 4 });
    await db.transaction((tx) =>
      tx.script("CREATE TABLE counted (id int PRIMARY KEY, n int); INSERT INTO counted VALUES (1, 0), (2, 0)"),
    );
  });
  afterAll(async () => {
    await db[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
  });

  test("a connection that is cut while a transaction waits is storage, nothing is stored, and the next goes well", async () => {
    const instanceId = await addInstance(store);
    await using other = await holdTransaction(place);
    await other.run(`SELECT 1 FROM instance_counters WHERE instance_id = '${instanceId}' FOR UPDATE`);
    const cut = codeOf(store.events.persist({ instanceId, events: [happening("cut")], now: t0 }));
    await other.awaited();
    proxy.set("none");
    expect(await cut).toBe("storage");
    await other.commit();
    const [row] = await store.events.persist({ instanceId, events: [happening("next")], now: t0 });
    expect(row?.sequence).toBe(1);
  });

  test("idle connections that are cut are replaced", async () => {
    await Promise.all(range(1, 4).map(() => store.events.lastPosition()));
    proxy.set("none");
    // The loss is noticed in a later turn of the event loop; a call before that may fail, one after it must not.
    await expect.poll(() => codeOf(store.check())).toBeUndefined();
    await store.check();
  });

  test("while the database is away every call is storage; when it is back all is well", async () => {
    proxy.set("reset");
    expect(await codeOf(store.check())).toBe("storage");
    expect(await codeOf(store.instances.list({ offset: 0, limit: 1 }))).toBe("storage");
    proxy.set("none");
    await store.check();
  });

  test("transactions that lock each other out are run again until both are through", async () => {
    let met = 0;
    const both = Promise.withResolvers<void>();
    const addTo = (first: number, second: number) =>
      db.transaction(async (tx) => {
        await tx.script("SET LOCAL deadlock_timeout = '20ms'");
        await tx.run(sql.add, [first]);
        met += 1;
        if (met === 2) both.resolve();
        await both.promise;
        await tx.run(sql.add, [second]);
      });
    await Promise.all([addTo(1, 2), addTo(2, 1)]);
    expect(met).toBeGreaterThan(2);
    expect(await db.rows(sql.sum, [])).toEqual([{ total: 4 }]);
  });

  test("a transaction whose work fails leaves nothing, also not what still travels", async () => {
    const before = await db.rows(sql.sum, []);
    const failing = db.transaction(async (tx) => {
      const late = tx.rows(sql.sum, []).then(() => tx.run(sql.add, [1]));
      await Promise.all([tx.run(sql.add, [1]), tx.rows(sql.nonsense, []), late]);
    });
    expect(await codeOf(failing)).toBe("storage");
    expect(await db.transaction(async (tx) => tx.undo(await tx.run(sql.add, [2])))).toBe(1);
    const bug = new TypeError("a mistake of ours");
    await expect(
      db.transaction(async (tx) => {
        await tx.run(sql.add, [1]);
        throw bug;
      }),
    ).rejects.toBe(bug);
    expect(await db.rows(sql.sum, [])).toEqual(before);
  });

  test("errors do not quote what was stored", async () => {
    const secret = "words of somebody";
    const failures = [
      db.query((orm) => orm.execute(`SELECT '${secret}' FROM nowhere`)),
      db.transaction((tx) => tx.script("INSERT INTO counted VALUES (1, 1)")),
    ];
    for (const failure of await Promise.allSettled(failures)) {
      if (failure.status === "fulfilled") throw new Error("it should have failed");
      expect(failure.reason).toMatchObject({ code: "storage" });
      expect(JSON.stringify(failure.reason.cause)).not.toContain("Key (id)");
      expect(String(failure.reason.message)).not.toContain(secret);
    }
  });

  test("after the end every call is storage", async () => {
    const own = createDatabase({ log: silentLog }, { ...place, maxConnections: 1 });
    await own.rows(sql.sum, []);
    await own[Symbol.asyncDispose]();
    expect(await codeOf(own.rows(sql.sum, []))).toBe("storage");
  });

  test("texts with the character zero, which Postgres cannot hold, are stored all the same", async () => {
    const instanceId = await addInstance(store);
    const chatId = "5511900000002@s.whatsapp.net";
    await store.events.persist({
      instanceId,
      events: [happening("zero", { captured: JSON.stringify({ text: "a\0b" }), messageId: "M\0" })],
      records: {
        contacts: [{ contactId: chatId, pushName: "a\0b" }],
        chats: [{ chatId, name: "a\0b", extra: { topic: "a\0b" } }],
        statuses: [{ messageId: "M", chatId, status: "failed", at: t0, detail: "a\0b" }],
      },
      now: t0,
    });
    const { message } = await store.queue.enqueue({ message: queuedText(instanceId, "a\0b"), now: t0 });
    expect(wordsOf(message)).toBe("a\0b");
    const [event] = await store.events.list({ instanceId, limit: 1 });
    expect(JSON.parse(event!.captured)).toEqual({ text: "a\0b" });
    expect(event!.messageId).toBe("M\uFFFD");
    expect(await store.directory.contact({ instanceId, contactId: chatId })).toMatchObject({ pushName: "a\uFFFDb" });
    expect(await store.directory.chat({ instanceId, chatId })).toMatchObject({
      name: "a\uFFFDb",
      extra: { topic: "a\0b" },
    });
    await store.instances.recordConnection({
      instanceId,
      connection: { state: "connected", at: t0, pushName: "a\0b" },
    });
    await store.instances.touchConnection({ instanceId, lastSeenAt: t0 + 1 });
    expect((await store.instances.get({ instanceId }))?.connection).toMatchObject({
      pushName: "a\0b",
      lastSeenAt: t0 + 1,
    });
    expect(await store.queue.purge({ instanceId, now: t0 })).toBe(1);
  });
});
