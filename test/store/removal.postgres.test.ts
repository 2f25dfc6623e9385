import { expect, test } from "vitest";
import { addInstance } from "../contract/adapter.ts";
import { describeOnPostgres, openStoreAt, type TestSchema } from "../support/postgres.ts";
import { runSql } from "../support/run-sql.ts";

/** Tables with rows of instances, whoever made them, with a row each that they take, whatever it means. */
const rowsSql = (place: TestSchema, instanceId: string): string => `
  SELECT table_name AS "table", string_agg(quote_ident(column_name), ',') AS "names",
    string_agg(CASE WHEN column_name = 'instance_id' THEN quote_literal('${instanceId}')
      WHEN data_type = 'text' THEN quote_literal('text of ${instanceId}') WHEN data_type = 'json' THEN '''{}'''
      WHEN data_type = 'bytea' THEN '''''' WHEN data_type = 'boolean' THEN 'false' ELSE '1' END, ',') AS "values"
  FROM information_schema.columns AS c
  WHERE table_schema = '${place.schema}' AND is_nullable = 'NO' AND is_identity = 'NO'
    AND EXISTS (SELECT 1 FROM information_schema.columns AS k WHERE k.table_schema = c.table_schema
      AND k.table_name = c.table_name AND k.column_name = 'instance_id')
  GROUP BY table_name ORDER BY table_name`;

await describeOnPostgres("removal on postgres", ({ newSchema, dsn }) => {
  test("no table keeps a row of the instance, and each keeps those of others", async () => {
    await using place = newSchema();
    await using store = await openStoreAt(place);
    const [leaving, staying] = [await addInstance(store), await addInstance(store)];
    const within = (text: string) => runSql(dsn, `SET search_path = "${place.schema}"; ${text}`);
    const tables = (await runSql(dsn, rowsSql(place, staying))).map(({ table }) => String(table));
    const left = async (instanceId: string): Promise<readonly string[]> => {
      const kept: string[] = [];
      for (const table of tables) {
        const rows = await runSql(dsn, `SELECT 1 FROM "${place.schema}".${table} WHERE instance_id = '${instanceId}'`);
        if (rows.length > 0) kept.push(table);
      }
      return kept;
    };
    const written = await left(staying);
    const others = tables.filter((table) => !written.includes(table) && table !== "instance_removals");
    expect(others.length).toBeGreaterThan(15);
    for (const instanceId of [leaving, staying]) {
      for (const { table, names, values } of await runSql(dsn, rowsSql(place, instanceId))) {
        if (!others.includes(String(table))) continue;
        await within(`INSERT INTO ${String(table)} (${String(names)}) VALUES (${String(values)})`);
      }
    }
    await store.instances.delete({ instanceId: leaving });
    expect(await left(leaving)).toEqual([]);
    expect((await left(staying)).toSorted()).toEqual([...written, ...others].toSorted());
  });
});
