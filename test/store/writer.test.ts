import type { Database } from "better-sqlite3";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "#lib/clock.ts";
import { openDatabase } from "#store/sqlite/open-database.ts";
import { createWriter, type Writer, type WriterOptions } from "#store/sqlite/writer.ts";
import { range } from "../contract/adapter.ts";
import { projectRoot } from "../support/processes.ts";

const usual: WriterOptions = { maxWaiting: 1_000, maxBatch: 100, maxBatchMs: 1_000, lockWaitMs: 2_000 };

/** A writer on one table, and what it told SQLite. */
interface Rig extends AsyncDisposable {
  readonly db: Database;
  readonly writer: Writer;
  /** Adds a number in a write of its own. */
  readonly add: (value: number) => Promise<number>;
  readonly values: () => readonly number[];
  /** Transactions that were begun and committed so far. */
  readonly commits: () => number;
  /** Lets the next COMMIT fail like this. */
  readonly failCommit: (error: Error) => void;
}

function openRig(path = ":memory:", options: Partial<WriterOptions> = {}, monotonicMs = systemClock.monotonicMs): Rig {
  const db = openDatabase(path);
  db.exec("CREATE TABLE IF NOT EXISTS numbers (value INTEGER NOT NULL UNIQUE, padding BLOB) STRICT");
  const exec = db.exec.bind(db);
  let commits = 0;
  let failure: Error | undefined;
  db.exec = (sql) => {
    if (sql === "COMMIT") {
      const error = failure;
      failure = undefined;
      if (error !== undefined) throw error;
      commits += 1;
    }
    return exec(sql);
  };
  const writer = createWriter({ db, monotonicMs }, { ...usual, ...options });
  const insert = db.prepare<[number]>("INSERT INTO numbers (value) VALUES (?)");
  return {
    db,
    writer,
    add: (value) => writer.write(() => insert.run(value).changes),
    values: () =>
      db
        .prepare<[], { value: number }>("SELECT value FROM numbers ORDER BY value")
        .all()
        .map(({ value }) => value),
    commits: () => commits,
    failCommit: (error) => (failure = error),
    [Symbol.asyncDispose]: async () => {
      await writer[Symbol.asyncDispose]();
      db.close();
    },
  };
}

describe("group commit", () => {
  test("writes of one turn share a transaction", async () => {
    await using rig = openRig();
    expect(await Promise.all(range(1, 50).map(rig.add))).toEqual(range(1, 50).map(() => 1));
    expect(rig.values()).toEqual(range(1, 50));
    expect(rig.commits()).toBe(1);
    await rig.add(51);
    expect(rig.commits()).toBe(2);
  });

  test("each work sees those before it, in the order they were asked for", async () => {
    await using rig = openRig();
    const counts = await Promise.all(
      range(1, 5).map((value) =>
        rig.writer.write(() => {
          rig.db.prepare("INSERT INTO numbers (value) VALUES (?)").run(value);
          return rig.values();
        }),
      ),
    );
    expect(counts).toEqual(range(1, 5).map((value) => range(1, value)));
  });

  test("a failing work undoes its own statements and nobody else's", async () => {
    await using rig = openRig();
    const failing = rig.writer.write(() => {
      rig.db.prepare("INSERT INTO numbers (value) VALUES (98), (99)").run();
      throw new Error("changed its mind");
    });
    const outcomes = await Promise.allSettled([rig.add(1), failing, rig.add(2), rig.add(1), rig.add(3)]);
    expect(outcomes.map(({ status }) => status)).toEqual([
      "fulfilled",
      "rejected",
      "fulfilled",
      "rejected",
      "fulfilled",
    ]);
    await expect(failing).rejects.toThrow("changed its mind");
    expect(outcomes[3]).toMatchObject({ reason: { code: "storage", details: { sqlite: "SQLITE_CONSTRAINT_UNIQUE" } } });
    expect(rig.values()).toEqual([1, 2, 3]);
    expect(rig.commits()).toBe(1);
  });

  test("nothing is answered before the commit", async () => {
    await using rig = openRig();
    const order: string[] = [];
    const first = rig.writer.write(() => order.push("first"));
    const second = rig.writer.write(() => order.push("second"));
    await Promise.all([first.then(() => order.push("answered")), second]);
    expect(order).toEqual(["first", "second", "answered"]);
  });

  test("a commit that fails fails all of its works, and stores none", async () => {
    await using rig = openRig();
    rig.failCommit(new Error("the disk is gone"));
    const outcomes = await Promise.allSettled([rig.add(1), rig.add(2)]);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(rig.values()).toEqual([]);
    expect(await rig.add(3)).toBe(1);
    expect(rig.values()).toEqual([3]);
  });

  test("a transaction takes no more than it may", async () => {
    await using rig = openRig(":memory:", { maxBatch: 10 });
    await Promise.all(range(1, 35).map(rig.add));
    expect(rig.commits()).toBe(4);
  });

  test("a long transaction ends early, so that the event loop gets its turn", async () => {
    let now = 0;
    await using rig = openRig(":memory:", { maxBatchMs: 20 }, () => now);
    let turns = 0;
    const spin = async (): Promise<void> => {
      while (rig.values().length < 9) {
        turns += 1;
        await new Promise(setImmediate);
      }
    };
    const slow = range(1, 9).map((value) =>
      rig.writer.write(() => {
        now += 10;
        rig.db.prepare("INSERT INTO numbers (value) VALUES (?)").run(value);
      }),
    );
    await Promise.all([...slow, spin()]);
    expect(rig.commits()).toBe(3);
    expect(turns).toBeGreaterThanOrEqual(3);
  });

  test("more than may wait is refused at once, and the others are not disturbed", async () => {
    await using rig = openRig(":memory:", { maxWaiting: 5 });
    const outcomes = await Promise.allSettled(range(1, 8).map(rig.add));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(5);
    expect(outcomes.at(-1)).toMatchObject({ reason: { code: "storage", message: /cannot keep up/ } });
    expect(rig.values()).toEqual(range(1, 5));
    await rig.add(9);
  });

  test("disposing commits what waits and refuses what comes later", async () => {
    const rig = openRig();
    const waiting = range(1, 300).map(rig.add);
    await rig.writer[Symbol.asyncDispose]();
    expect(await Promise.all(waiting)).toHaveLength(300);
    expect(rig.values()).toHaveLength(300);
    await expect(rig.add(301)).rejects.toMatchObject({ code: "storage", message: "the database is closed" });
    await rig.writer[Symbol.asyncDispose]();
    rig.db.close();
  });
});

describe("a full disk", () => {
  test("the writes that do not fit fail with the reason, the others are stored; with room again all is well", async () => {
    await using rig = openRig();
    const { db, writer } = rig;
    const pages = db.pragma("page_count", { simple: true }) as number;
    db.pragma(`max_page_count = ${pages + 20}`);
    const insert = db.prepare<[number]>("INSERT INTO numbers (value, padding) VALUES (?, zeroblob(20000))");
    const addBig = (value: number) => writer.write(() => insert.run(value).changes);
    const outcomes = await Promise.allSettled([...range(1, 10).map(addBig), rig.add(100)]);
    const stored = outcomes.flatMap(({ status }, index) => (status === "fulfilled" ? [index] : []));
    // Four of five pages each, and the small one behind those that are too big.
    expect(stored).toEqual([0, 1, 2, 3, 10]);
    expect(outcomes[9]).toMatchObject({
      status: "rejected",
      reason: { code: "storage", message: "the database cannot be written: the disk is full" },
    });
    expect(rig.values()).toEqual([1, 2, 3, 4, 100]);
    db.pragma("max_page_count = 100000");
    expect(await addBig(50)).toBe(1);
    expect(db.pragma("integrity_check", { simple: true })).toBe("ok");
  });
});

describe("another process", () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "wazapi-writer-"));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  /** A process that holds the write lock until it is let go. */
  async function holdLock(path: string): Promise<{ letGo: () => Promise<void> }> {
    const script = `
      import Database from "better-sqlite3";
      const db = new Database(process.argv[1]);
      db.exec("BEGIN IMMEDIATE");
      console.log("locked");
      process.stdin.on("end", () => { db.exec("COMMIT"); db.close(); }).resume();`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script, path], {
      cwd: projectRoot,
      stdio: ["pipe", "pipe", "inherit"],
    });
    const exited = once(child, "exit");
    await once(child.stdout, "data");
    return {
      letGo: async () => {
        child.stdin.end();
        await exited;
      },
    };
  }

  test("that writes is waited for without holding up this one", async () => {
    const path = join(dir, "shared.db");
    await using rig = openRig(path, { lockWaitMs: 20_000 });
    const other = await holdLock(path);
    let turns = 0;
    const spin = async (): Promise<void> => {
      for (; turns < 50; turns += 1) await new Promise((resolve) => setTimeout(resolve, 1));
      await other.letGo();
    };
    const written = Promise.all(range(1, 3).map(rig.add)).then(() => turns);
    await spin();
    expect(await written).toBe(50);
    expect(rig.values()).toEqual([1, 2, 3]);
  });

  test("that writes for too long: the reason is named, and later writes work", async () => {
    const path = join(dir, "shared.db");
    await using rig = openRig(path, { lockWaitMs: 30 });
    const other = await holdLock(path);
    const outcomes = await Promise.allSettled(range(1, 2).map(rig.add));
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({
        reason: { code: "storage", message: "the database cannot be written: another process holds its lock" },
      });
    }
    await other.letGo();
    await rig.add(3);
    expect(rig.values()).toEqual([3]);
  });
});
