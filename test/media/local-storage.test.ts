import { createHash, randomBytes } from "node:crypto";
import { readdir, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type LocalStorage, openLocalStorage } from "#media/storage/local-storage.ts";
import { createFakeTime, type FakeTime } from "../support/fake-time.ts";
import { openTempDir } from "./temp-dir.ts";

let dir: Awaited<ReturnType<typeof openTempDir>>;
let time: FakeTime;
let local: LocalStorage;
beforeEach(async () => {
  dir = await openTempDir();
  time = createFakeTime();
  local = await openLocalStorage({ clock: time.clock }, join(dir.path, "media"));
});
afterEach(() => dir[Symbol.asyncDispose]());

const limit = { maxBytes: 10_000_000 };
const pieces = async function* (...all: readonly Uint8Array[]) {
  yield* all;
};
const store = async (bytes: Uint8Array): Promise<string> => {
  await using staged = await local.stage(pieces(bytes), limit);
  await staged.commit();
  return staged.sha256;
};
const all = async (source: AsyncIterable<string>): Promise<string[]> => {
  const found: string[] = [];
  for await (const one of source) found.push(one);
  return found.sort();
};

test("stage: the bytes have the name of their hash once they are committed", async () => {
  const bytes = randomBytes(100_000);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  await using staged = await local.stage(pieces(bytes.subarray(0, 7), bytes.subarray(7)), limit);
  expect(staged).toMatchObject({ sha256, bytes: bytes.length });
  expect(await local.size(sha256)).toBeUndefined();
  await staged.commit();
  expect(await local.size(sha256)).toBe(bytes.length);
  expect(await buffer((await local.read(sha256))!)).toEqual(bytes);
  expect(await buffer((await local.read(sha256, { start: 5, end: 9 }))!)).toEqual(bytes.subarray(5, 10));
  expect((await stat(local.pathOf(sha256))).mode & 0o077).toBe(0);
});

test("stage: a source that fails, is too large or is not committed leaves nothing", async () => {
  const failing = async function* () {
    yield randomBytes(10);
    throw new Error("cut off");
  };
  await expect(local.stage(failing(), limit)).rejects.toThrow("cut off");
  await expect(local.stage(pieces(randomBytes(11)), { maxBytes: 10 })).rejects.toMatchObject({
    code: "payload_too_large",
  });
  {
    await using staged = await local.stage(pieces(randomBytes(3)), limit);
    expect(staged.bytes).toBe(3);
  }
  expect(await readdir(join(dir.path, "media", "staging"))).toEqual([]);
  expect(await all(local.list(Number.MAX_SAFE_INTEGER))).toEqual([]);
});

test("read, size: undefined for what is not there; names that are no hashes are refused", async () => {
  expect(await local.read("00".repeat(32))).toBeUndefined();
  expect(await local.size("00".repeat(32))).toBeUndefined();
  for (const name of ["../../etc/passwd", "", "AB".repeat(32)]) expect(() => local.pathOf(name)).toThrow();
});

test("remove: not what was stored again a moment ago; who reads it keeps reading", async () => {
  const bytes = randomBytes(200_000);
  const sha256 = await store(bytes);
  const first = time.clock.now();
  time.advance(10_000);
  await store(bytes);
  expect(await local.remove(sha256, first)).toBe(false);
  expect(await local.size(sha256)).toBe(bytes.length);
  const reading = (await local.read(sha256))!;
  expect(await local.remove(sha256, time.clock.now())).toBe(true);
  expect(await local.remove(sha256, time.clock.now())).toBe(true);
  expect(await buffer(reading)).toEqual(bytes);
  expect(await local.size(sha256)).toBeUndefined();
});

test("remove: races with storing the same bytes; whoever was last wins whole", async () => {
  const bytes = randomBytes(1_000);
  const sha256 = await store(bytes);
  for (let round = 0; round < 20; round += 1) {
    time.advance(1);
    const before = time.clock.now() - 1;
    const [, gone] = await Promise.all([store(bytes), local.remove(sha256, before)]);
    // Whether it was removed first or kept: it was stored after that moment, so it is there.
    expect([true, false]).toContain(gone);
    expect(await local.size(sha256)).toBe(bytes.length);
  }
});

test("list, clean: only what is older", async () => {
  const old = await store(randomBytes(10));
  await writeFile(join(dir.path, "media", "staging", "dead.part"), "x");
  await utimes(join(dir.path, "media", "staging", "dead.part"), 1, 1);
  const before = time.clock.now();
  time.advance(5_000);
  const young = await store(randomBytes(10));
  expect(await all(local.list(before))).toEqual([old]);
  expect(await all(local.list(time.clock.now()))).toEqual([old, young].sort());
  await using live = await local.stage(pieces(randomBytes(10)), limit);
  expect(await local.clean(before)).toBe(1);
  expect((await stat(live.path)).size).toBe(10);
});

test("the volume keeps its name, and two disks have two", async () => {
  const again = await openLocalStorage({ clock: time.clock }, join(dir.path, "media"));
  const other = await openLocalStorage({ clock: time.clock }, join(dir.path, "other"));
  expect(again.volume).toBe(local.volume);
  expect(other.volume).not.toBe(local.volume);
});
