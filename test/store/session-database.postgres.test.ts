import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "#lib/clock.ts";
import { type Log, type LogFields, silentLog } from "#lib/log.ts";
import { openPostgresStore } from "#store/postgres/open.ts";
import type { Store } from "#store/store.ts";
import { addInstance, codeOf, happening, t0 } from "../contract/adapter.ts";
import { authStateContract } from "../contract/auth-state.ts";
import { describeOnPostgres, type TestPostgres, type TestSchema } from "../support/postgres.ts";
import { runSql } from "../support/run-sql.ts";
import { testSealer } from "../support/store.ts";

await describeOnPostgres("Signal state in a database of its own", (postgres) => {
  authStateContract({ name: "two databases", open: async () => await openApart(postgres) });

  let apart: Apart;
  beforeAll(async () => {
    apart = await openApart(postgres);
  });
  afterAll(() => apart[Symbol.asyncDispose]());

  const journaled = async (stanzaId: string): Promise<string> => {
    const instanceId = await addInstance(apart);
    await apart.authState.fence({ instanceId, token: 1 });
    await apart.authState.commit({
      instanceId,
      token: 1,
      creds: "creds",
      keys: [{ type: "session", id: "a", value: Buffer.from("key") }],
      journal: [
        { kind: "stanza", contentHash: stanzaId, stanzaId, attrs: "{}", payload: Buffer.from("payload"), at: t0 },
      ],
    });
    return instanceId;
  };
  const pending = async (instanceId: string): Promise<readonly string[]> =>
    (await apart.authState.pendingJournal({ instanceId, limit: 10 })).map(({ stanzaId }) => stanzaId);
  const countIn = async (place: TestSchema, table: string, instanceId: string): Promise<unknown> => {
    const text = `SELECT count(*)::int AS count FROM "${place.schema}".${table} WHERE instance_id = '${instanceId}'`;
    return (await runSql(place.dsn, text))[0]?.["count"];
  };

  test("its rows are there and nowhere else", async () => {
    const instanceId = await journaled("there");
    for (const table of ["auth_fences", "auth_creds", "auth_keys", "journal"]) {
      expect([await countIn(apart.session, table, instanceId), await countIn(apart.main, table, instanceId)]).toEqual([
        1, 0,
      ]);
    }
  });

  test("persist: settles the journal there", async () => {
    const instanceId = await journaled("settled");
    await apart.events.persist({ instanceId, events: [happening(1)], journalIds: ["settled"], now: t0 });
    expect(await pending(instanceId)).toEqual([]);
  });

  test("persist: events are stored while that database is away; the replay settles and makes no second event", async () => {
    const instanceId = await journaled("later");
    const rename = (from: string, to: string) =>
      runSql(apart.session.dsn, `ALTER TABLE "${apart.session.schema}".${from} RENAME TO ${to}`);
    await rename("journal", "journal_away");
    const input = { instanceId, events: [happening(1)], journalIds: ["later"], now: t0 };
    try {
      expect(await apart.events.persist(input)).toHaveLength(1);
      expect(apart.warnings).toMatchObject([{ instanceId, rows: 1 }]);
    } finally {
      await rename("journal_away", "journal");
    }
    expect(await pending(instanceId)).toEqual(["later"]);
    expect(await apart.events.persist(input)).toEqual([]);
    expect(await pending(instanceId)).toEqual([]);
    expect(await apart.events.list({ instanceId, limit: 10 })).toHaveLength(1);
  });

  test("delete: what is there goes with the instance, and its owner may write no more", async () => {
    const instanceId = await journaled("gone");
    expect(await apart.instances.delete({ instanceId })).toBe(true);
    for (const table of ["auth_fences", "auth_creds", "auth_keys", "journal"]) {
      expect(await countIn(apart.session, table, instanceId)).toBe(0);
    }
    expect(await codeOf(apart.authState.commit({ instanceId, token: 1, creds: "late" }))).toBe("lease_lost");
  });

  test("prune: settled rows go there", async () => {
    const instanceId = await journaled("old");
    await apart.events.persist({ instanceId, events: [], journalIds: ["old"], now: t0 });
    const policy = {
      deliveredEventsMs: 0,
      deadLettersMs: 0,
      sentQueueMs: 0,
      failedQueueMs: 0,
      settledJournalMs: 1_000,
      messagesMs: 0,
      connectionHistoryMs: 0,
    };
    await apart.retention.prune({ policy, limit: 1_000, now: t0 + 999 });
    expect(await countIn(apart.session, "journal", instanceId)).toBe(1);
    await apart.retention.prune({ policy, limit: 1_000, now: t0 + 1_000 });
    expect(await countIn(apart.session, "journal", instanceId)).toBe(0);
  });
});

interface Apart extends Store {
  readonly main: TestSchema;
  readonly session: TestSchema;
  readonly warnings: readonly LogFields[];
}

/** Two schemas stand for two databases. */
async function openApart(postgres: TestPostgres): Promise<Apart> {
  await using parts = new AsyncDisposableStack();
  const main = parts.use(postgres.newSchema());
  const session = parts.use(postgres.newSchema());
  const warnings: LogFields[] = [];
  const log: Log = {
    ...silentLog,
    warn: (fields, message) => void (message.startsWith("journal rows") && warnings.push(fields)),
  };
  const store = parts.use(
    await openPostgresStore(
      { clock: systemClock, log },
      {
        dsn: main.dsn,
        schema: main.schema,
        sealer: testSealer,
        maxConnections: 4,
        session: { dsn: session.dsn, schema: session.schema, maxConnections: 4 },
      },
      new AbortController().signal,
    ),
  );
  const owned = parts.move();
  return { ...store, main, session, warnings, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
