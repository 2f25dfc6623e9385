import Database from "better-sqlite3";
import { drizzle } from "drizzle-orm/better-sqlite3";
import { randomUUID } from "node:crypto";
import { systemClock } from "#lib/clock.ts";
import { loadMigrations } from "#store/migrations.ts";
import { createSealer } from "#store/sealer.ts";
import { createMediaFiles } from "#store/sqlite/media-files.ts";
import { createMedia } from "#store/sqlite/media.ts";
import { migrate } from "#store/sqlite/migrate.ts";
import { defaultWriterOptions } from "#store/sqlite/open.ts";
import { createWriter } from "#store/sqlite/writer.ts";
import { mediaContract } from "./media.ts";

mediaContract({
  name: "SQLite",
  open: async () => {
    const db = new Database(":memory:");
    await migrate(db, { migrations: loadMigrations("sqlite"), now: 0 }, new AbortController().signal);
    const writer = createWriter({ db, monotonicMs: systemClock.monotonicMs }, defaultWriterOptions);
    const context = {
      db,
      orm: drizzle(db),
      write: writer.write,
      read: async <Result>(query: () => Result) => query(),
      sealer: createSealer(Buffer.alloc(32)),
      clock: systemClock,
    };
    return {
      media: createMedia(context),
      files: createMediaFiles(context),
      addInstance: async () => {
        const instanceId = randomUUID();
        db.prepare("INSERT INTO instance_counters (instance_id, event_sequence) VALUES (?, 0)").run(instanceId);
        return instanceId;
      },
      queue: async (instanceId, zaapId) => {
        db.prepare(
          `INSERT INTO queue (instance_id, zaap_id, message_id, outgoing, state, attempts, due_at, held, typing_ms,
             created_at, updated_at)
           VALUES (?, ?, 'M', '{}', 'queued', 0, 0, 0, 0, 0, 0)`,
        ).run(instanceId, zaapId);
      },
      unqueue: async (instanceId, zaapId) => {
        db.prepare("DELETE FROM queue WHERE instance_id = ? AND zaap_id = ?").run(instanceId, zaapId);
      },
      [Symbol.asyncDispose]: async () => {
        await writer[Symbol.asyncDispose]();
        db.close();
      },
    };
  },
});
