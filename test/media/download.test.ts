import { createHash, randomBytes } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { silentLog } from "#lib/log.ts";
import { createArrivals } from "#media/links/arrivals.ts";
import { type LocalStorage, openLocalStorage } from "#media/storage/local-storage.ts";
import {
  defaultDownloadOptions,
  type DownloadAnswer,
  type Downloader,
  type DownloadOptions,
  startDownloads,
} from "#media/work/download.ts";
import type { MediaRow } from "#store/media.ts";
import { createFakeTime, type FakeTime } from "../support/fake-time.ts";
import { newMedia, openTestStores, type TestStores } from "./stores.ts";
import { openTempDir } from "./temp-dir.ts";

const png = await sharp({ create: { width: 4, height: 4, channels: 3, background: "green" } })
  .png()
  .toBuffer();
const sha256 = createHash("sha256").update(png).digest("hex");

let stores: TestStores;
let dir: Awaited<ReturnType<typeof openTempDir>>;
let local: LocalStorage;
let time: FakeTime;
beforeEach(async () => {
  time = createFakeTime();
  dir = await openTempDir();
  stores = await openTestStores();
  local = await openLocalStorage({ clock: time.clock }, dir.path);
});
afterEach(async () => {
  await stores[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

const bytesOf = async function* (...pieces: readonly Uint8Array[]) {
  yield* pieces;
};
const good = async (): Promise<DownloadAnswer> => ({ kind: "bytes", bytes: bytesOf(png), sha256 });
const gone = async (): Promise<DownloadAnswer> => ({ kind: "gone" });
type Step = (row: MediaRow, signal: AbortSignal) => Promise<DownloadAnswer>;

/** Answers one step after the other, the last one for ever. */
const scripted = (steps: readonly Step[], askAgain: Downloader["askAgain"] = async () => false) => {
  const calls: string[] = [];
  const downloader: Downloader = {
    download: (row, signal) => {
      calls.push("download");
      return (steps[Math.min(calls.filter((call) => call === "download").length, steps.length) - 1] ?? good)(
        row,
        signal,
      );
    },
    askAgain: (row, signal) => {
      calls.push("askAgain");
      return askAgain(row, signal);
    },
  };
  return { downloader, calls };
};

const run = (downloader: Downloader, over: Partial<DownloadOptions> = {}, signal = new AbortController().signal) => {
  const { clock, sleep } = time;
  const arrivals = createArrivals({ media: stores.media, clock, sleep });
  const uploads: number[] = [];
  const options = { ...defaultDownloadOptions, owner: "me", upload: false, ...over };
  const deps = {
    media: stores.media,
    downloader,
    local,
    arrivals,
    stored: () => uploads.push(1),
    clock,
    sleep,
    log: silentLog,
  };
  return { loop: startDownloads(deps, options, signal), arrivals, uploads };
};
const add = async (over: Parameters<typeof newMedia>[0] = {}) => {
  const row = newMedia({ expiresAt: time.clock.now() + 86_400_000, ...over });
  await stores.media.expect({ media: [row], now: time.clock.now() });
  return row.mediaId;
};
const stateOf = async (mediaId: string) => (await stores.media.get({ mediaId }))!;
const until = (mediaId: string, state: string) => time.until(async () => (await stateOf(mediaId)).state === state);
const staging = () => readdir(join(dir.path, "staging"));

describe("downloads", () => {
  test("a file is stored with the type of its content", async () => {
    const mediaId = await add({ mimeType: "image/wrong" });
    await using work = run(scripted([good]).downloader, { upload: true }).loop;
    await until(mediaId, "stored");
    const { file } = await stateOf(mediaId);
    expect(file).toEqual({ sha256, bytes: png.length, mimeType: "image/png", storage: "local", volume: local.volume });
    expect(await readFile(local.pathOf(sha256))).toEqual(png);
    expect(await stores.files.nextUploadAt({ volume: local.volume })).toBeDefined();
    expect(work).toBeDefined();
  });

  test("rows that come later are fetched when somebody wakes the loop", async () => {
    const { loop } = run(scripted([good]).downloader, { pollMs: 1_000_000_000 });
    await using work = loop;
    await time.settle();
    const mediaId = await add();
    work.wake();
    await until(mediaId, "stored");
  });

  test("what breaks off is tried again, later each time, and nothing of it stays", async () => {
    const broken = async (): Promise<DownloadAnswer> => ({
      kind: "bytes",
      bytes: (async function* () {
        yield randomBytes(1_000);
        throw new Error("connection reset");
      })(),
    });
    const damaged = async (): Promise<DownloadAnswer> => ({ kind: "bytes", bytes: bytesOf(randomBytes(9)), sha256 });
    const empty = async (): Promise<DownloadAnswer> => ({ kind: "bytes", bytes: bytesOf() });
    const refused = async (): Promise<DownloadAnswer> => {
      throw new Error("503");
    };
    const mediaId = await add();
    const { downloader, calls } = scripted([broken, damaged, empty, refused, good]);
    const startedAt = time.clock.now();
    await using work = run(downloader).loop;
    await until(mediaId, "stored");
    expect(calls).toHaveLength(5);
    expect((await stateOf(mediaId)).attempts).toBe(4);
    // 2 + 4 + 8 + 16 seconds, a fifth more or less.
    expect(time.clock.now() - startedAt).toBeGreaterThan(24_000);
    expect(await staging()).toEqual([]);
    expect(work).toBeDefined();
  });

  test("a file that comes damaged every time is given up with its reason", async () => {
    const mediaId = await add();
    const { downloader, calls } = scripted([async () => ({ kind: "bytes", bytes: bytesOf(png), sha256: "00" })]);
    await using work = run(downloader, { maxAttempts: 3 }).loop;
    await until(mediaId, "failed");
    expect(calls).toHaveLength(3);
    expect(await stateOf(mediaId)).toMatchObject({ attempts: 3, lastError: "the file came damaged" });
    expect(work).toBeDefined();
  });

  test("gone at WhatsApp: the phone is asked, and the file comes", async () => {
    const mediaId = await add();
    const { downloader, calls } = scripted([gone, good], async () => true);
    await using work = run(downloader).loop;
    await until(mediaId, "stored");
    expect(calls).toEqual(["download", "askAgain", "download"]);
    expect(work).toBeDefined();
  });

  test("gone at WhatsApp and on the phone: given up at once", async () => {
    const mediaId = await add();
    const { downloader, calls } = scripted([gone]);
    await using work = run(downloader).loop;
    await until(mediaId, "failed");
    expect(calls).toEqual(["download", "askAgain"]);
    expect((await stateOf(mediaId)).lastError).toMatch(/phone/);
    expect(work).toBeDefined();
  });

  test("a phone that does not answer is asked again later", async () => {
    const mediaId = await add();
    let asked = 0;
    const { downloader } = scripted([gone, gone, good], async () => {
      asked += 1;
      if (asked === 1) throw new Error("no answer");
      return true;
    });
    await using work = run(downloader).loop;
    await until(mediaId, "stored");
    expect(asked).toBe(2);
    expect(work).toBeDefined();
  });

  test("offline: waits without counting a try, however long it lasts", async () => {
    const mediaId = await add();
    let isOnline = false;
    const { downloader, calls } = scripted([async () => (isOnline ? good() : { kind: "offline" })]);
    await using work = run(downloader, { maxAttempts: 2 }).loop;
    await time.until(() => calls.length > 20);
    expect(await stateOf(mediaId)).toMatchObject({ attempts: 0 });
    isOnline = true;
    await until(mediaId, "stored");
    expect((await stateOf(mediaId)).attempts).toBe(0);
    expect(work).toBeDefined();
  });

  test.each([
    ["names no file", async () => ({ kind: "impossible", reason: "no such file" }) as const, "no such file"],
    [
      "is larger than allowed",
      async () => ({ kind: "bytes", bytes: bytesOf(randomBytes(50)) }) as const,
      "the file is larger than 0 MB",
    ],
  ])("what %s is given up without another try", async (_, step, reason) => {
    const mediaId = await add();
    const { downloader, calls } = scripted([step]);
    await using work = run(downloader, { maxBytes: 40 }).loop;
    await until(mediaId, "failed");
    expect(calls).toHaveLength(1);
    expect((await stateOf(mediaId)).lastError).toBe(reason);
    expect(work).toBeDefined();
  });

  test.each([
    ["never answers", () => new Promise<never>(() => {})],
    [
      "stops in the middle",
      async () => ({
        kind: "bytes" as const,
        bytes: (async function* () {
          yield randomBytes(10);
          await new Promise(() => {});
        })(),
      }),
    ],
  ])("a download that %s is a failed try", async (_, step) => {
    const mediaId = await add();
    const { downloader, calls } = scripted([step, good]);
    await using work = run(downloader).loop;
    await until(mediaId, "stored");
    expect(calls).toHaveLength(2);
    expect(await staging()).toEqual([]);
    expect(work).toBeDefined();
  });

  test("stopped in the middle: the row is free at once, no try is counted, nothing stays", async () => {
    const mediaId = await add();
    const reached = Promise.withResolvers<void>();
    const hanging = async (): Promise<DownloadAnswer> => ({
      kind: "bytes",
      bytes: (async function* () {
        yield randomBytes(10);
        reached.resolve();
        await new Promise(() => {});
      })(),
    });
    const { loop } = run(scripted([hanging]).downloader);
    await reached.promise;
    await loop[Symbol.asyncDispose]();
    expect(await stateOf(mediaId)).toMatchObject({ state: "pending", attempts: 0, dueAt: time.clock.now() });
    expect(await staging()).toEqual([]);
    await using work = run(scripted([good]).downloader).loop;
    await until(mediaId, "stored");
    expect(work).toBeDefined();
  });

  test("a claim that somebody else took: this process stops and writes nothing", async () => {
    const mediaId = await add();
    const begun = Promise.withResolvers<AbortSignal>();
    const hanging: Step = async (_, signal) => {
      begun.resolve(signal);
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      throw signal.reason;
    };
    await using work = run(scripted([hanging]).downloader, { pollMs: 1_000_000_000, answerMs: 1_000_000_000 }).loop;
    const signal = await begun.promise;
    const { leaseMs } = defaultDownloadOptions;
    await stores.media.claim({ owner: "other", limit: 1, leaseMs: 1_000_000, now: time.clock.now() + leaseMs });
    await time.until(() => signal.aborted);
    await time.settle();
    expect(await stateOf(mediaId)).toMatchObject({
      state: "downloading",
      dueAt: time.clock.now() + leaseMs + 1_000_000 - leaseMs / 3,
    });
    expect(work).toBeDefined();
  });

  test("no instance takes more places than its share", async () => {
    for (let count = 0; count < 6; count += 1) await add({ instanceId: "I" });
    const other = await add({ instanceId: "J" });
    let most = 0;
    const running = new Map<string, number>();
    const release: (() => void)[] = [];
    const slow: Step = async (row) => {
      running.set(row.instanceId, (running.get(row.instanceId) ?? 0) + 1);
      most = Math.max(most, running.get("I") ?? 0);
      await new Promise<void>((resolve) => release.push(resolve));
      running.set(row.instanceId, (running.get(row.instanceId) ?? 0) - 1);
      return good();
    };
    await using work = run(scripted([slow]).downloader, { answerMs: 1_000_000_000, leaseMs: 1_000_000_000 }).loop;
    await time.until(() => release.length === 4);
    expect([...running.entries()].sort()).toEqual([
      ["I", 3],
      ["J", 1],
    ]);
    while ((await stateOf(other)).state !== "stored") {
      for (const done of release.splice(0)) done();
      await time.settle();
    }
    await time.until(async () => {
      for (const done of release.splice(0)) done();
      return (await stores.media.nextDueAt()) === undefined;
    });
    expect(most).toBe(3);
    expect(work).toBeDefined();
  });

  test("only files of the instances that live here", async () => {
    const [mine, other] = [await add({ instanceId: "I" }), await add({ instanceId: "J" })];
    await using work = run(scripted([good]).downloader, { instances: () => ["I"] }).loop;
    await until(mine, "stored");
    expect((await stateOf(other)).state).toBe("pending");
    expect(work).toBeDefined();
  });

  test("who waits for a file learns of it at once", async () => {
    const mediaId = await add();
    const begin = Promise.withResolvers<void>();
    const { downloader } = scripted([
      async () => {
        await begin.promise;
        return good();
      },
    ]);
    const { loop, arrivals } = run(downloader);
    await using work = loop;
    const isDone = (row: MediaRow): boolean => row.state === "stored";
    const waiting = arrivals.wait({ mediaId, isDone, deadline: Number.MAX_SAFE_INTEGER }, new AbortController().signal);
    await time.settle();
    begin.resolve();
    // Time stands still: nobody polls.
    expect(await waiting).toMatchObject({ state: "stored" });
    expect(work).toBeDefined();
  });
});
