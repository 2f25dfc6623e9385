import type { Database } from "better-sqlite3";
import { expect, test } from "vitest";
import { addInstance } from "../contract/adapter.ts";
import { openTestStore } from "../support/store.ts";
import { watchDatabases } from "./database-watch.ts";

interface Column {
  readonly name: string;
  readonly type: "TEXT" | "INTEGER" | "BLOB";
  readonly notnull: 0 | 1;
  readonly pk: number;
}

/** Tables with rows of instances, whoever made them. */
function tablesOf(db: Database): readonly string[] {
  return db
    .prepare<[], { name: string }>(
      `SELECT t.name FROM pragma_table_list AS t JOIN pragma_table_info(t.name) AS c ON c.name = 'instance_id'
       WHERE t.schema = 'main' AND t.type = 'table' ORDER BY t.name`,
    )
    .all()
    .map(({ name }) => name);
}

/** Adds a row that the table takes, whatever it means. */
function addRow(db: Database, table: string, instanceId: string): void {
  const columns = db
    .prepare<[string], Column>("SELECT * FROM pragma_table_info(?)")
    .all(table)
    .filter(({ notnull, pk, type }) => notnull === 1 || (pk > 0 && type !== "INTEGER"));
  const names = columns.map(({ name }) => name);
  const values = columns.map(({ name, type }) => {
    if (name === "instance_id") return instanceId;
    // Unlike that of another instance, for what is unique.
    return { TEXT: `text of ${instanceId}`, INTEGER: 1, BLOB: Buffer.of(0) }[type];
  });
  db.prepare(`INSERT INTO ${table} (${names.join()}) VALUES (${names.map(() => "?").join()})`).run(...values);
}

test("removal: no table keeps a row of the instance, and each keeps those of others", async () => {
  using watch = watchDatabases();
  await using store = await openTestStore();
  const [db] = [...watch.databases] as [Database];
  const [leaving, staying] = [await addInstance(store), await addInstance(store)];
  const left = (instanceId: string): readonly string[] =>
    tablesOf(db).filter(
      (table) => db.prepare(`SELECT 1 FROM ${table} WHERE instance_id = ?`).get(instanceId) !== undefined,
    );
  const written = new Set(left(staying));
  const others = tablesOf(db).filter((table) => !written.has(table) && table !== "instance_removals");
  expect(others.length).toBeGreaterThan(15);
  for (const table of others) {
    for (const instanceId of [leaving, staying]) addRow(db, table, instanceId);
  }
  await store.instances.delete({ instanceId: leaving });
  expect(left(leaving)).toEqual([]);
  expect(left(staying).toSorted()).toEqual([...written, ...others].toSorted());
});
