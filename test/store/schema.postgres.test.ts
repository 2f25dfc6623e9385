import { is } from "drizzle-orm";
import { getTableConfig, PgTable } from "drizzle-orm/pg-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as schema from "#store/postgres/schema.ts";
import * as sqlite from "#store/sqlite/schema.ts";
import { describeOnPostgres, openStoreAt, type TestSchema } from "../support/postgres.ts";
import { runSql } from "../support/run-sql.ts";

/** Rows are the same for both databases: what is whole is a number, what is true or false is not. */
type Row<Table extends { readonly $inferSelect: unknown }> = Table["$inferSelect"];
type Same<One, Other> = [One, Other] extends [Other, One] ? true : false;
type SameRows = {
  readonly [Name in keyof typeof sqlite]: Same<Row<(typeof sqlite)[Name]>, Row<(typeof schema)[Name]>>;
};

interface ColumnInfo {
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
  readonly byDefault: string | null;
  readonly identity: boolean;
  readonly key: boolean;
}

const columnsSql = (place: TestSchema): string => `
  SELECT c.table_name AS "table", c.column_name AS "name", c.data_type AS "type", c.is_nullable = 'NO' AS "notNull",
    c.column_default AS "byDefault", c.is_identity = 'YES' AS "identity",
    EXISTS (
      SELECT 1 FROM information_schema.key_column_usage AS k
        JOIN information_schema.table_constraints AS t USING (constraint_schema, constraint_name)
      WHERE t.constraint_type = 'PRIMARY KEY' AND k.table_schema = c.table_schema AND k.table_name = c.table_name
        AND k.column_name = c.column_name) AS "key"
  FROM information_schema.columns AS c WHERE c.table_schema = '${place.schema}'
  ORDER BY c.table_name, c.ordinal_position`;

await describeOnPostgres("schema of postgres", ({ newSchema }) => {
  const place = newSchema();
  const made = new Map<string, ColumnInfo[]>();
  beforeAll(async () => {
    await (await openStoreAt(place))[Symbol.asyncDispose]();
    for (const { table, ...column } of await runSql(place.dsn, columnsSql(place))) {
      made.set(String(table), [...(made.get(String(table)) ?? []), column as unknown as ColumnInfo]);
    }
  });
  afterAll(() => place[Symbol.asyncDispose]());

  const tables: readonly (readonly [string, PgTable])[] = Object.values(schema)
    .filter((each) => is(each, PgTable))
    .map((table) => [getTableConfig(table).name, table]);

  test.each(tables)("%s: drizzle sees the columns that the migrations make", (name, table) => {
    const { columns, primaryKeys } = getTableConfig(table);
    const together = primaryKeys.flatMap((key) => key.columns.map((column) => column.name));
    const seen: readonly ColumnInfo[] = columns.map((column) => ({
      name: column.name,
      type: column.getSQLType(),
      notNull: column.notNull,
      byDefault: defaultOf(column.default),
      identity: column.generatedIdentity !== undefined,
      key: column.primary || together.includes(column.name),
    }));
    expect(seen).toEqual(made.get(name));
  });

  test("every table is known to drizzle or to raw statements only", () => {
    const rawOnly = ["media", "media_files", "media_uses", "schema_migrations"];
    expect([...made.keys()].toSorted()).toEqual([...tables.map(([name]) => name), ...rawOnly].toSorted());
  });

  test("positions come one by one: readers rely on it", async () => {
    const found = await runSql(
      place.dsn,
      `SELECT cache_size::int, increment_by::int FROM pg_sequences
       WHERE schemaname = '${place.schema}' AND sequencename = 'events_position_seq'`,
    );
    expect(found).toEqual([{ cache_size: 1, increment_by: 1 }]);
  });

  test("the rows are those of sqlite", () => {
    // A column that one of them lacks or types otherwise does not compile.
    const same: SameRows = {
      meta: true,
      instances: true,
      instanceCounters: true,
      connectionHistory: true,
      settingsAudit: true,
      instanceRemovals: true,
      authFences: true,
      authCreds: true,
      authKeys: true,
      journal: true,
      events: true,
      deliveries: true,
      attempts: true,
      lanes: true,
      queue: true,
      queueLines: true,
      chatLimits: true,
      idempotencyKeys: true,
      messages: true,
      messageSteps: true,
      lidPairs: true,
      contacts: true,
      chats: true,
      leases: true,
      nodes: true,
    };
    expect(Object.keys(same).toSorted()).toEqual(Object.keys(schema).toSorted());
  });
});

/** A default as Postgres writes it down. */
function defaultOf(value: unknown): string | null {
  if (value === undefined) return null;
  return typeof value === "string" ? `'${value}'::text` : JSON.stringify(value);
}
