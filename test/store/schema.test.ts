import type { Database } from "better-sqlite3";
import { getTableConfig, type SQLiteTable } from "drizzle-orm/sqlite-core";
import { is } from "drizzle-orm";
import { SQLiteTable as Table } from "drizzle-orm/sqlite-core";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadMigrations, migrationVersion } from "#store/migrations.ts";
import * as schema from "#store/sqlite/schema.ts";
import { migrate } from "#store/sqlite/migrate.ts";
import { openDatabase } from "#store/sqlite/open-database.ts";
import { projectRoot } from "../support/processes.ts";

interface ColumnInfo {
  readonly name: string;
  readonly type: string;
  readonly notnull: 0 | 1;
  readonly dflt_value: string | null;
  /** Place in the primary key, from 1; 0 outside it. */
  readonly pk: number;
}

const signal = new AbortController().signal;

describe("schema of sqlite", () => {
  let db: Database;
  beforeAll(async () => {
    db = openDatabase(":memory:");
    await migrate(db, { migrations: loadMigrations("sqlite"), now: 0 }, signal);
  });
  afterAll(() => void db.close());

  const tables: readonly (readonly [string, SQLiteTable])[] = Object.values(schema)
    .filter((each) => is(each, Table))
    .map((table) => [getTableConfig(table).name, table]);

  const columnsOf = (name: string): readonly ColumnInfo[] =>
    db.prepare<[string], ColumnInfo>("SELECT * FROM pragma_table_info(?)").all(name);

  test.each(tables)("%s: drizzle sees the columns that the migrations make", (name, table) => {
    const { columns, primaryKeys } = getTableConfig(table);
    const together = primaryKeys.flatMap((key) => key.columns.map((column) => column.name));
    const seen = columns.map((column) => ({
      name: column.name,
      type: column.getSQLType().toUpperCase(),
      notNull: column.notNull,
      byDefault: column.default === undefined ? null : JSON.stringify(column.default).replaceAll('"', "'"),
      key: column.primary || together.includes(column.name),
    }));
    const made = columnsOf(name).map((column) => ({
      name: column.name,
      type: column.type,
      notNull: column.notnull === 1 || column.pk > 0,
      byDefault: column.dflt_value,
      key: column.pk > 0,
    }));
    expect(seen).toEqual(made);
    expect(together.length === 0 || together.join() === keyOf(name)).toBe(true);
  });

  const keyOf = (name: string): string =>
    columnsOf(name)
      .filter(({ pk }) => pk > 0)
      .toSorted((a, b) => a.pk - b.pk)
      .map((column) => column.name)
      .join();

  test("every table is strict and is known to drizzle or to raw statements only", () => {
    const rawOnly = ["media", "media_files", "media_uses", "schema_migrations"];
    const made = db
      .prepare<[], { name: string; strict: 0 | 1 }>(
        "SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%'",
      )
      .all();
    expect(made.filter(({ strict }) => strict === 0)).toEqual([]);
    const known = [...tables.map(([name]) => name), ...rawOnly];
    expect(made.map(({ name }) => name).toSorted()).toEqual(known.toSorted());
  });
});

describe("migrations", () => {
  test.each(["sqlite", "postgres"] as const)("%s: the manifest names every file, in order", (dialect) => {
    const files = readdirSync(join(projectRoot, "migrations", dialect)).toSorted();
    const names = loadMigrations(dialect).map(({ name }) => name);
    expect(names).toEqual(files);
    expect(loadMigrations(dialect).map(migrationVersion)).toEqual(files.map((_, index) => index + 1));
  });

  test("both dialects have the same steps", () => {
    const [sqlite, postgres] = [loadMigrations("sqlite"), loadMigrations("postgres")];
    expect(sqlite.map(({ name }) => name)).toEqual(postgres.map(({ name }) => name));
  });

  const first = { name: "0001_first.sql", sql: "CREATE TABLE one (a INTEGER) STRICT" };
  const second = { name: "0002_second.sql", sql: "CREATE TABLE two (a INTEGER) STRICT; INSERT INTO two VALUES (1)" };
  const broken = { name: "0002_broken.sql", sql: "CREATE TABLE two (a INTEGER) STRICT; NONSENSE" };

  const tablesOf = (db: Database): readonly string[] =>
    db
      .prepare<[], { name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
      .all()
      .map(({ name }) => name)
      .filter((name) => name !== "schema_migrations");

  test("forward only: what is done is not done again, what is new is", async () => {
    const db = openDatabase(":memory:");
    await migrate(db, { migrations: [first], now: 1 }, signal);
    await migrate(db, { migrations: [first, second], now: 2 }, signal);
    await migrate(db, { migrations: [first, second], now: 3 }, signal);
    expect(tablesOf(db)).toEqual(["one", "two"]);
    const applied = db.prepare("SELECT version, name, applied_at FROM schema_migrations").raw().all();
    expect(applied).toEqual([
      [1, first.name, 1],
      [2, second.name, 2],
    ]);
    db.close();
  });

  test("a step that fails leaves nothing of itself", async () => {
    const db = openDatabase(":memory:");
    await migrate(db, { migrations: [first], now: 1 }, signal);
    await expect(migrate(db, { migrations: [first, broken], now: 2 }, signal)).rejects.toThrow(/NONSENSE/);
    expect(tablesOf(db)).toEqual(["one"]);
    await migrate(db, { migrations: [first, second], now: 3 }, signal);
    expect(tablesOf(db)).toEqual(["one", "two"]);
    db.close();
  });

  test("a newer database is refused and not touched", async () => {
    const db = openDatabase(":memory:");
    await migrate(db, { migrations: [first, second], now: 1 }, signal);
    const before = db.serialize();
    await expect(migrate(db, { migrations: [first], now: 2 }, signal)).rejects.toMatchObject({
      code: "newer_schema",
      details: { found: 2, known: 1 },
    });
    expect(db.serialize().equals(before)).toBe(true);
    db.close();
  });
});
