import { WazapiError } from "#domain/errors.ts";
import type { SqliteContext } from "./context.ts";

/** More than a page: a write that fits into what is there already would prove nothing about the disk. */
const probeBytes = 16 * 1024;

/** SQL of this file, for the test that no statement scans a table. */
export const databaseCheckSql = {
  put: "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
  grow: `INSERT INTO meta (key, value) VALUES (?, zeroblob(${probeBytes}))
    ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
  get: "SELECT value FROM meta WHERE key = +?",
} as const;

/** Questions to the database as a whole. */
export interface DatabaseCheck {
  /** Writes, grows and commits; throws `storage` with the reason. */
  readonly writable: () => Promise<void>;
  /** Throws `storage` when another secret key sealed this database; a fresh one remembers this key from now on. */
  readonly sameKey: () => Promise<void>;
}

/** Prepares the questions. */
export function createDatabaseCheck(context: SqliteContext): DatabaseCheck {
  const { db, sealer } = context;
  const put = db.prepare<[string, Uint8Array]>(databaseCheckSql.put);
  const grow = db.prepare<[string]>(databaseCheckSql.grow);
  const get = db.prepare<[string], { value: Buffer }>(databaseCheckSql.get);

  return {
    writable: () =>
      context.write(() => {
        grow.run("written");
        put.run("written", Buffer.from(String(context.clock.now())));
      }),
    sameKey: async () => {
      const known = await context.read(() => get.get("sealed_check"));
      if (known === undefined) {
        const sealed = sealer.seal(Buffer.from("wazapi"));
        await context.write(() => put.run("sealed_check", sealed));
        return;
      }
      try {
        sealer.open(known.value);
      } catch (cause) {
        throw new WazapiError("storage", {
          message:
            "the secret key does not fit this database: it was set up with another one (WAZAPI_SECRET_KEY or the key file)",
          details: { hint: "give the right WAZAPI_SECRET_KEY, or put the secrets.json of this data back" },
          cause,
        });
      }
    },
  };
}
