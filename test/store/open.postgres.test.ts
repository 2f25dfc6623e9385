import { expect, test } from "vitest";
import { systemClock } from "#lib/clock.ts";
import { type Log, type LogFields, silentLog } from "#lib/log.ts";
import { createSealer } from "#store/sealer.ts";
import { openPostgresStore } from "#store/postgres/open.ts";
import { addInstance, happening, t0 } from "../contract/adapter.ts";
import { describeOnPostgres, openStoreAt } from "../support/postgres.ts";
import { runSql } from "../support/run-sql.ts";
import { freePort } from "../support/processes.ts";
import { testSealer } from "../support/store.ts";

const signal = new AbortController().signal;

await describeOnPostgres("opening on postgres", ({ newSchema, dsn }) => {
  test("many who start at once on an empty database make it once", async () => {
    await using place = newSchema();
    const stores = await Promise.all(Array.from({ length: 6 }, () => openStoreAt(place, { maxConnections: 2 })));
    const applied = await runSql(dsn, `SELECT version::int FROM "${place.schema}".schema_migrations ORDER BY version`);
    expect(applied).toEqual(applied.map((_, index) => ({ version: index + 1 })));
    const instanceId = await addInstance(stores[0]!);
    for (const store of stores) {
      expect((await store.instances.get({ instanceId }))?.id).toBe(instanceId);
      await store[Symbol.asyncDispose]();
    }
  });

  test("a newer database is refused and not touched", async () => {
    await using place = newSchema();
    await (await openStoreAt(place))[Symbol.asyncDispose]();
    await runSql(dsn, `INSERT INTO "${place.schema}".schema_migrations VALUES (9001, '9001_future.sql', 0)`);
    await expect(openStoreAt(place)).rejects.toMatchObject({ code: "newer_schema", details: { found: 9001 } });
  });

  test("another secret key is refused with a sentence about the key", async () => {
    await using place = newSchema();
    await (await openStoreAt(place))[Symbol.asyncDispose]();
    const sealer = createSealer(Buffer.alloc(32, 8));
    await expect(openStoreAt(place, { sealer })).rejects.toMatchObject({
      code: "storage",
      message: expect.stringContaining("the secret key does not fit"),
    });
    await (await openStoreAt(place))[Symbol.asyncDispose]();
  });

  test("where nobody listens, nothing exists or nobody may enter the reason is said", async () => {
    const open = (over: string) =>
      openPostgresStore({ clock: systemClock }, { dsn: over, sealer: testSealer, maxConnections: 1 }, signal);
    const missing = new URL(dsn);
    missing.pathname = "/wazapi_no_such_database";
    await expect(open(missing.href)).rejects.toMatchObject({
      code: "storage",
      message: "the database cannot be opened: it does not exist",
      details: { postgres: "3D000" },
    });
    const stranger = new URL(dsn);
    stranger.username = "wazapi_no_such_role";
    await expect(open(stranger.href)).rejects.toMatchObject({
      code: "storage",
      message: "the database refuses the login: check user and password",
    });
    await expect(open("secret of somebody")).rejects.toMatchObject({
      code: "invalid_config",
      message: "the address of the database is not a URL",
    });
    const silent = new URL(dsn);
    silent.port = String(await freePort());
    await expect(open(silent.href)).rejects.toMatchObject({
      code: "storage",
      message: "the database cannot be reached: nothing listens at its address",
    });
  });

  test("removals that a crash cut off are finished by the next start", async () => {
    await using place = newSchema();
    let instanceId: string;
    {
      await using store = await openStoreAt(place);
      instanceId = await addInstance(store, { received: "https://example.com/hook" });
      await store.events.persist({ instanceId, events: [happening(1)], now: t0 });
    }
    // What the first transaction of a removal leaves.
    await runSql(
      dsn,
      `SET search_path = "${place.schema}"; DELETE FROM instances; DELETE FROM instance_counters;
       INSERT INTO instance_removals VALUES ('${instanceId}')`,
    );
    await using store = await openStoreAt(place);
    await expect
      .poll(() => runSql(dsn, `SELECT 1 FROM "${place.schema}".instance_removals`), { timeout: 10_000 })
      .toEqual([]);
    expect(await store.events.list({ limit: 10 })).toEqual([]);
    expect(await store.deliveries.list({ limit: 10 })).toEqual([]);
  });

  test("a server that may forget commits is warned about", async () => {
    await using place = newSchema();
    const warnings: LogFields[] = [];
    const log: Log = { ...silentLog, warn: (fields) => void warnings.push(fields) };
    // The tests' own address switches it off.
    await using _store = await openPostgresStore(
      { clock: systemClock, log },
      { ...place, sealer: testSealer, maxConnections: 1 },
      signal,
    );
    expect(warnings).toEqual([{ fsync: "on", synchronousCommit: "off" }]);
  });
});
