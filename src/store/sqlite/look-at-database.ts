import { existsSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { loadMigrations, migrationVersion } from "../migrations.ts";

/** What a database file says of itself. */
export interface SqliteFacts {
  /** Number of its last migration; 0 for a file that has none. */
  readonly schema: number;
  /** The same of this program. */
  readonly known: number;
  /** Bytes of the file and its journal. */
  readonly bytes: number;
  /** What tells whether a secret key is the right one, base64; undefined before the first start was over. */
  readonly sealed?: string;
}

/** A database file that is only looked at. */
export interface SqliteLook extends Disposable {
  /** Throws what SQLite says when the file is none, or damaged where it begins. */
  readonly facts: () => SqliteFacts;
  /** Reads every page, which takes long for a large file and cannot be interrupted; answers what is wrong, at most ten. */
  readonly quickCheck: () => readonly string[];
}

const busyMs = 2_000;
const maxProblems = 10;

/**
 * Opens a file that a server may be working on, without leaving a trace beside it. It uses the SQLite of Node, because
 * only that one can be told that nobody writes; so it must not share a process with a store on the same file: two
 * SQLites in one process take each other's locks away. Throws when the file cannot be opened.
 */
export function openSqliteLook(path: string): SqliteLook {
  const url = pathToFileURL(path);
  // Without a journal nobody has it open: it can be read as it is, where an ordinary reader would make journal files.
  if (!existsSync(`${path}-wal`)) url.searchParams.set("immutable", "1");
  const db = new DatabaseSync(url, { readOnly: true, timeout: busyMs });
  return {
    facts: () => {
      const sealed = has(db, "meta")
        ? db.prepare("SELECT value FROM meta WHERE key = 'sealed_check'").get()
        : undefined;
      const value = sealed?.["value"];
      return {
        schema: schemaOf(db),
        known: Math.max(0, ...loadMigrations("sqlite").map(migrationVersion)),
        bytes: sizeOf(path) + sizeOf(`${path}-wal`),
        ...(value instanceof Uint8Array ? { sealed: Buffer.from(value).toString("base64") } : {}),
      };
    },
    quickCheck: () => {
      const rows = db.prepare(`PRAGMA quick_check(${maxProblems})`).all();
      return rows.map((row) => String(row["quick_check"])).filter((line) => line !== "ok");
    },
    [Symbol.dispose]: () => db.close(),
  };
}

function has(db: DatabaseSync, table: string): boolean {
  return db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(table) !== undefined;
}

function schemaOf(db: DatabaseSync): number {
  if (!has(db, "schema_migrations")) return 0;
  return Number(db.prepare("SELECT coalesce(max(version), 0) AS version FROM schema_migrations").get()?.["version"]);
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
