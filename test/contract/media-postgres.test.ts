import { randomUUID } from "node:crypto";
import { Client } from "pg";
import { describe, test } from "vitest";
import { silentLog } from "#lib/log.ts";
import { loadMigrations } from "#store/migrations.ts";
import { createDatabase } from "#store/postgres/database.ts";
import { createMediaFiles } from "#store/postgres/media-files.ts";
import { createMedia } from "#store/postgres/media.ts";
import { migrate } from "#store/postgres/migrate.ts";
import { mediaContract } from "./media.ts";

const dsn = process.env["POSTGRES_DSN"] ?? "postgres://postgres@127.0.0.1:5432/test";
const reachable = await canReach();
if (!reachable && process.env["WAZAPI_TEST_SERVICES"] === "required") throw new Error("no Postgres is reachable");

if (reachable) {
  mediaContract({
    name: "Postgres",
    open: async () => {
      const schema = `media_${randomUUID().replaceAll("-", "")}`;
      const db = createDatabase({ log: silentLog }, { dsn, schema, maxConnections: 4 });
      await migrate(db, { migrations: loadMigrations("postgres"), schema, now: 0 }, new AbortController().signal);
      const run = (text: string, values: readonly string[]) => db.run({ name: text.slice(0, 60), text }, values);
      return {
        media: createMedia({ db }),
        files: createMediaFiles({ db }),
        addInstance: async () => {
          const instanceId = randomUUID();
          await run("INSERT INTO instance_counters (instance_id, event_sequence) VALUES ($1, 0)", [instanceId]);
          return instanceId;
        },
        queue: async (instanceId, zaapId) => {
          await run(
            `INSERT INTO queue (instance_id, zaap_id, message_id, outgoing, state, attempts, due_at, held, typing_ms,
               created_at, updated_at)
             VALUES ($1, $2, 'M', '{}', 'queued', 0, 0, false, 0, 0, 0)`,
            [instanceId, zaapId],
          );
        },
        unqueue: async (instanceId, zaapId) => {
          await run("DELETE FROM queue WHERE instance_id = $1 AND zaap_id = $2", [instanceId, zaapId]);
        },
        [Symbol.asyncDispose]: async () => {
          await db.transaction((tx) => tx.script(`DROP SCHEMA "${schema}" CASCADE`));
          await db[Symbol.asyncDispose]();
        },
      };
    },
  });
} else {
  describe("media on Postgres", () => {
    test.skip(`nothing answers at ${new URL(dsn).host}`, () => {});
  });
}

async function canReach(): Promise<boolean> {
  const client = new Client({ connectionString: dsn, connectionTimeoutMillis: 2_000 });
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}
