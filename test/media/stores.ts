import Database from "better-sqlite3";
import { drizzle } from "drizzle-orm/better-sqlite3";
import { randomUUID } from "node:crypto";
import { type Clock, systemClock } from "#lib/clock.ts";
import { mediaIdOf } from "#store/media-records.ts";
import { loadMigrations } from "#store/migrations.ts";
import type { MediaFileStore, MediaStore, NewMedia } from "#store/media.ts";
import { createSealer } from "#store/sealer.ts";
import { createMediaFiles } from "#store/sqlite/media-files.ts";
import { createMedia } from "#store/sqlite/media.ts";
import { migrate } from "#store/sqlite/migrate.ts";
import { openDatabase } from "#store/sqlite/open-database.ts";
import { defaultWriterOptions } from "#store/sqlite/open.ts";
import { createWriter } from "#store/sqlite/writer.ts";

/** The media ports on a SQLite file, with one instance `I`. */
export interface TestStores extends AsyncDisposable {
  readonly media: MediaStore;
  readonly files: MediaFileStore;
  readonly db: Database.Database;
}

/** The chat every test message is in. */
export const chatId = "5511900000002@s.whatsapp.net";

/** Opens the ports, on a file of its own or in memory. */
export async function openTestStores(path = ":memory:", clock: Clock = systemClock): Promise<TestStores> {
  const db = openDatabase(path);
  await migrate(db, { migrations: loadMigrations("sqlite"), now: 0 }, new AbortController().signal);
  const writer = createWriter({ db, monotonicMs: systemClock.monotonicMs }, defaultWriterOptions);
  const context = {
    db,
    orm: drizzle(db),
    write: writer.write,
    read: async <Result>(query: () => Result) => query(),
    sealer: createSealer(Buffer.alloc(32)),
    clock,
  };
  for (const instanceId of ["I", "J"]) {
    db.prepare("INSERT OR IGNORE INTO instance_counters (instance_id, event_sequence) VALUES (?, 0)").run(instanceId);
  }
  return {
    db,
    media: createMedia(context),
    files: createMediaFiles(context),
    [Symbol.asyncDispose]: async () => {
      await writer[Symbol.asyncDispose]();
      db.close();
    },
  };
}

/** A file of a received message, as the persist step would write it. */
export function newMedia(over: Partial<NewMedia> = {}): NewMedia {
  const owner = { instanceId: over.instanceId ?? "I", chatId, messageId: over.messageId ?? `M${randomUUID()}` };
  const part = over.part ?? "main";
  return {
    ...owner,
    mediaId: mediaIdOf(owner, part),
    part,
    kind: "image",
    mimeType: "image/png",
    expiresAt: systemClock.now() + 86_400_000,
    ...over,
  };
}
