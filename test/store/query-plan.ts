import { loadMigrations } from "#store/migrations.ts";
import { migrate } from "#store/sqlite/migrate.ts";
import { openDatabase } from "#store/sqlite/open-database.ts";

/** Explains statements on an empty database: without ANALYZE the plan is the same however full it is. */
export interface QueryPlans extends Disposable {
  /** One line per step, as SQLite words it; undefined for what has no plan (BEGIN, PRAGMA…). */
  readonly of: (sql: string) => readonly string[] | undefined;
}

/** Opens a database for explanations. */
export async function openQueryPlans(): Promise<QueryPlans> {
  const db = openDatabase(":memory:");
  await migrate(db, { migrations: loadMigrations("sqlite"), now: 0 }, new AbortController().signal);
  return {
    of: (sql) => {
      if (!/^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b/i.test(sql)) return undefined;
      const statement = db.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`);
      const names = [...sql.matchAll(/@(\w+)/g)].map(([, name]) => [name, null]);
      const positions = Array.from(sql.replaceAll(/'[^']*'/g, "").matchAll(/\?/g), () => null);
      const rows = names.length > 0 ? statement.all(Object.fromEntries(names)) : statement.all(...positions);
      return rows.map(({ detail }) => detail);
    },
    [Symbol.dispose]: () => void db.close(),
  };
}
