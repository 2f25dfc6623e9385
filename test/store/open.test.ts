import Database from "better-sqlite3";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "#lib/clock.ts";
import { createSealer } from "#store/sealer.ts";
import { openSqliteStore } from "#store/sqlite/open.ts";
import { openDatabase } from "#store/sqlite/open-database.ts";
import { addInstance, happening, newInstance, range, t0 } from "../contract/adapter.ts";
import { queuedText } from "../contract/queue-tools.ts";
import { projectRoot, until } from "../support/processes.ts";
import { openTestStore, testSealer } from "../support/store.ts";
import { watchDatabases } from "./database-watch.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "wazapi-open-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const signal = new AbortController().signal;

describe("the file", () => {
  test("is made with its directory, for this user only", async () => {
    const path = join(dir, "data", "deeper", "wazapi.db");
    await using store = await openTestStore(path);
    await addInstance(store);
    expect(statSync(join(dir, "data", "deeper")).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(join(dir, "data", "deeper"))) {
      expect([name, statSync(join(dir, "data", "deeper", name)).mode & 0o777]).toEqual([name, 0o600]);
    }
  });

  test("is on disk at every commit", () => {
    const db = openDatabase(join(dir, "wazapi.db"));
    expect(db.pragma("journal_mode", { simple: true })).toBe("wal");
    // 2 is FULL: the log is synced at each commit and not only at a checkpoint.
    expect(db.pragma("synchronous", { simple: true })).toBe(2);
    db.close();
  });

  test("keeps what was written, and leaves no log behind after an orderly end", async () => {
    const path = join(dir, "wazapi.db");
    const instance = newInstance({ token: "a token", webhookSecrets: ["whsec_a"] });
    {
      await using store = await openTestStore(path);
      await store.instances.create({ instance });
    }
    expect(readdirSync(dir)).toEqual(["wazapi.db"]);
    await using again = await openTestStore(path);
    expect(await again.instances.get({ instanceId: instance.id })).toEqual(instance);
  });

  const inFile = (): string => {
    writeFileSync(join(dir, "file"), "");
    return join(dir, "file", "wazapi.db");
  };
  const aDirectory = (): string => {
    mkdirSync(join(dir, "wazapi.db"));
    return join(dir, "wazapi.db");
  };
  const noDatabase = (): string => {
    writeFileSync(join(dir, "wazapi.db"), "this is a text of more than sixteen bytes and no database");
    return join(dir, "wazapi.db");
  };

  test.each([
    ["lies in a file", inFile, /cannot be opened: a part of the path is a file and not a directory/],
    ["is a directory", aDirectory, /cannot be opened: it is a directory and not a file/],
    ["is something else", noDatabase, /the file is not a SQLite database/],
    ["has a name that is too long", () => join(dir, "x".repeat(300)), /cannot be opened: the path is too long/],
  ])("that %s is refused with a sentence", async (_, path, message) => {
    await expect(openTestStore(path())).rejects.toMatchObject({ code: "storage", message });
  });

  test.skipIf(process.getuid?.() !== 0).each([
    [
      "in a directory of somebody else",
      (path: string) => chmodSync(join(path, ".."), 0o755),
      /this user may not write there$/,
    ],
    ["that is somebody else's", (path: string) => made(path, 0o777, 0o644), /this user may not write there$/],
    ["whose directory takes no log", (path: string) => made(path, 0o755, 0o666), /^storage the database cannot be /],
  ])("%s is refused with a sentence", async (_, prepare, message) => {
    const path = join(dir, "wazapi.db");
    prepare(path);
    // The program itself is read before the rights are given up.
    const script = `
      const { openDatabase } = await import("#store/sqlite/open-database.ts");
      process.setegid(65534);
      process.seteuid(65534);
      try {
        openDatabase(process.argv[1]).close();
        console.log("opened");
      } catch (error) {
        console.log(error.code, error.message);
      }`;
    expect(await run(script, path)).toMatch(message);
  });

  const made = (path: string, directoryMode: number, fileMode: number): void => {
    openDatabase(path).close();
    chmodSync(join(path, ".."), directoryMode);
    chmodSync(path, fileMode);
  };

  test("that a newer version wrote is refused and not touched", async () => {
    const path = join(dir, "wazapi.db");
    await (await openTestStore(path))[Symbol.asyncDispose]();
    const db = new Database(path);
    db.exec("INSERT INTO schema_migrations (version, name, applied_at) VALUES (9999, '9999_later.sql', 0)");
    db.close();
    await expect(openTestStore(path)).rejects.toMatchObject({
      code: "newer_schema",
      message: /the database has schema 9999, this version of wazapi knows up to \d+; start the newer version/,
    });
  });

  test("that another key sealed is refused with a sentence, before anything else", async () => {
    const path = join(dir, "wazapi.db");
    await (await openTestStore(path))[Symbol.asyncDispose]();
    const sealer = createSealer(Buffer.alloc(32, 9));
    await expect(openSqliteStore({ clock: systemClock }, { path, sealer }, signal)).rejects.toMatchObject({
      code: "storage",
      message: /the secret key does not fit this database/,
    });
    await using store = await openTestStore(path);
    await store.check();
  });

  test("may be opened by several at once while it is new", async () => {
    const path = join(dir, "wazapi.db");
    const stores = await Promise.all(range(1, 4).map(() => openTestStore(path)));
    const instanceId = await addInstance(stores[0]!);
    for (const store of stores) expect(await store.instances.get({ instanceId })).toBeDefined();
    for (const store of stores) await store[Symbol.asyncDispose]();
  });
});

describe("check", () => {
  test("fails while the disk is full, with the reason", async () => {
    using watch = watchDatabases();
    await using store = await openTestStore();
    const [db] = [...watch.databases];
    await store.check();
    db!.pragma(`max_page_count = ${db!.pragma("page_count", { simple: true }) as number}`);
    // What the check itself left free is used up first.
    for (;;) {
      try {
        await addInstance(store);
      } catch (error) {
        expect(error).toMatchObject({ code: "storage", message: "the database cannot be written: the disk is full" });
        break;
      }
    }
    await expect(store.check()).rejects.toMatchObject({ code: "storage", message: /the disk is full/ });
    db!.pragma("max_page_count = 1000000");
    await store.check();
  });

  test("fails while another process holds the lock, with the reason", async () => {
    const path = join(dir, "wazapi.db");
    const options = { path, sealer: testSealer, writer: { lockWaitMs: 20 } };
    await using store = await openSqliteStore({ clock: systemClock }, options, signal);
    const other = new Database(path);
    other.exec("BEGIN IMMEDIATE");
    await expect(store.check()).rejects.toMatchObject({ code: "storage", message: /another process holds its lock/ });
    other.exec("ROLLBACK");
    await store.check();
    other.close();
  });

  test("fails once the store is closed, as does everything else", async () => {
    const store = await openTestStore();
    const instanceId = await addInstance(store);
    await store[Symbol.asyncDispose]();
    await expect(store.check()).rejects.toMatchObject({ code: "storage", message: "the database is closed" });
    const late = [
      () => store.instances.get({ instanceId }),
      () => store.queue.nextDueAt({ now: t0 }),
      () => store.events.persist({ instanceId, events: [], now: t0 }),
    ];
    for (const each of late) await expect(each()).rejects.toMatchObject({ code: "storage" });
  });
});

describe("ends and beginnings", () => {
  test("disposing commits what waits", async () => {
    const path = join(dir, "wazapi.db");
    const store = await openTestStore(path);
    const instanceId = await addInstance(store);
    const writes = range(1, 100).map((n) => store.events.persist({ instanceId, events: [happening(n)], now: t0 }));
    await store[Symbol.asyncDispose]();
    await Promise.all(writes);
    await using again = await openTestStore(path);
    expect(await again.events.list({ instanceId, limit: 1_000 })).toHaveLength(100);
  });

  test("a removal that a crash cut off is finished at the next start", async () => {
    const path = join(dir, "wazapi.db");
    const store = await openTestStore(path);
    const [leaving, staying] = [
      await addInstance(store, { received: "https://example.com/" }),
      await addInstance(store, { received: "https://example.com/" }),
    ];
    for (const instanceId of [leaving, staying]) {
      for (const part of range(0, 4)) {
        const events = range(1, 1_000).map((n) => happening(part * 1_000 + n));
        await store.events.persist({ instanceId, events, now: t0 });
      }
      await store.queue.enqueue({ message: queuedText(instanceId, "a"), now: t0 });
    }
    // Closed before the first step is over: the instance is gone, most of its rows are not.
    const removal = store.instances.delete({ instanceId: leaving }).catch(() => "cut off");
    await store[Symbol.asyncDispose]();
    expect(await removal).toBe("cut off");
    const rows = (): number => {
      const db = new Database(path, { readonly: true });
      const found = ["events", "deliveries", "queue", "instance_removals"].map(
        (table) =>
          db
            .prepare<[string], { total: number }>(`SELECT count(*) AS total FROM ${table} WHERE instance_id = ?`)
            .get(leaving)!.total,
      );
      db.close();
      return found.reduce((sum, count) => sum + count, 0);
    };
    expect(rows()).toBeGreaterThan(1_000);

    await using again = await openTestStore(path);
    expect(await again.instances.get({ instanceId: leaving })).toBeUndefined();
    // The id is free once the last row is gone.
    await until(() => rows() === 0, { what: "the rest of the instance is removed", withinMs: 10_000 });
    await again.instances.create({ instance: newInstance({ id: leaving }) });
    expect(await again.events.list({ instanceId: staying, limit: 10_000 })).toHaveLength(5_000);
  });

  test("while an instance is being removed its id is taken", async () => {
    const path = join(dir, "wazapi.db");
    await (await openTestStore(path))[Symbol.asyncDispose]();
    const db = new Database(path);
    const instance = newInstance();
    db.prepare("INSERT INTO instance_removals (instance_id) VALUES (?)").run(instance.id);
    db.close();
    await using store = await openTestStore(path);
    // The background work has not had its turn yet.
    await expect(store.instances.create({ instance })).rejects.toMatchObject({ code: "conflict" });
    const created = async () => {
      try {
        await store.instances.create({ instance });
        return true;
      } catch {
        return false;
      }
    };
    await until(created, { what: "the id is free", withinMs: 5_000 });
  });

  test("what was answered survives the death of the process", async () => {
    const path = join(dir, "wazapi.db");
    await (await openTestStore(path))[Symbol.asyncDispose]();
    const script = `
      const { openTestStore } = await import("./test/support/store.ts");
      const { addInstance, happening } = await import("./test/contract/adapter.ts");
      const store = await openTestStore(process.argv[1]);
      const instanceId = await addInstance(store);
      console.log(instanceId);
      const worker = async (name) => {
        for (let n = 1; ; n += 1) {
          const [row] = await store.events.persist({ instanceId, events: [happening(name + n)], now: n });
          process.stdout.write(row.eventId + "\\n");
        }
      };
      await Promise.all(["a", "b", "c", "d"].map(worker));`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script, path], {
      cwd: projectRoot,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    const closed = once(child, "close");
    await until(() => output.length > 5_000, { what: "some writes", withinMs: 15_000 });
    child.kill("SIGKILL");
    await closed;
    const [instanceId, ...answered] = output.split("\n").slice(0, -1) as [string, ...string[]];
    await using store = await openTestStore(path);
    const stored = await store.events.list({ instanceId, limit: 100_000 });
    const ids = new Set(stored.map(({ eventId }) => eventId));
    expect(answered.filter((eventId) => !ids.has(eventId))).toEqual([]);
    expect(stored.map(({ sequence }) => sequence).toReversed()).toEqual(range(1, stored.length));
  });
});

/** What a process of its own prints. */
async function run(script: string, ...args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, ...args], {
    cwd: projectRoot,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  await once(child, "close");
  return output.trim();
}
