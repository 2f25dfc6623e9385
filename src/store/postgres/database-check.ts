import { WazapiError } from "#domain/errors.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { Sealer } from "../store.ts";
import type { Database } from "./database.ts";
import { statements } from "./statement.ts";

/** Statements of this file, for the test that none scans a table. */
export const databaseCheckSql = statements("database_check", {
  put: "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
  // Of several processes that start on a fresh database one sets the key.
  first: "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING",
  get: "SELECT value FROM meta WHERE key = $1",
  durability: `SELECT current_setting('fsync') AS "fsync", current_setting('synchronous_commit') AS "commits"`,
});

/** Questions to the database as a whole. */
export interface DatabaseCheck {
  /** Writes and commits; throws `storage` with the reason. */
  readonly writable: () => Promise<void>;
  /** Throws `storage` when another secret key sealed this database; a fresh one remembers this key from now on. */
  readonly sameKey: () => Promise<void>;
  /** Warns when the server answers commits that it may still lose: then no promise of this program holds. */
  readonly durable: () => Promise<void>;
}

/** The questions. */
export function createDatabaseCheck(context: {
  readonly db: Database;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly log: Log;
}): DatabaseCheck {
  const { db, sealer, clock, log } = context;

  return {
    writable: async () => {
      await db.run(databaseCheckSql.put, ["written", Buffer.from(String(clock.now()))]);
    },
    sameKey: async () => {
      await db.run(databaseCheckSql.first, ["sealed_check", sealer.seal(Buffer.from("wazapi"))]);
      const [known] = await db.rows<{ value: Buffer }>(databaseCheckSql.get, ["sealed_check"]);
      try {
        if (known !== undefined) sealer.open(known.value);
      } catch (cause) {
        throw new WazapiError("storage", {
          message:
            "the secret key does not fit this database: it was set up with another one (WAZAPI_SECRET_KEY or the key file)",
          details: { hint: "give the right WAZAPI_SECRET_KEY, or put the secrets.json of this data back" },
          cause,
        });
      }
    },
    durable: async () => {
      const [found] = await db.rows<{ fsync: string; commits: string }>(databaseCheckSql.durability, []);
      if (found?.fsync === "on" && found.commits !== "off") return;
      log.warn(
        { fsync: found?.fsync, synchronousCommit: found?.commits },
        "the database may lose what it has committed",
      );
    },
  };
}
