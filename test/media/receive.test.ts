import { createHash, randomBytes } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { systemClock } from "#lib/clock.ts";
import { sleep } from "#lib/sleep.ts";
import { createReceive, type Receive, type ReceiveInput } from "#media/receive.ts";
import { type LocalStorage, openLocalStorage } from "#media/storage/local-storage.ts";
import type { MediaStore } from "#store/media.ts";
import { fixture, openTempDir } from "./temp-dir.ts";

interface Rig extends AsyncDisposable {
  readonly local: LocalStorage;
  readonly kept: readonly Parameters<MediaStore["keep"]>[0][];
  readonly receive: (input: Partial<ReceiveInput> & Pick<ReceiveInput, "bytes">) => ReturnType<Receive>;
  /** Files that were begun and not put in their place. */
  readonly leftovers: () => Promise<readonly string[]>;
}

async function openRig({ idleMs = 60_000 }: { readonly idleMs?: number } = {}): Promise<Rig> {
  await using parts = new AsyncDisposableStack();
  const dir = parts.use(await openTempDir());
  const local = await openLocalStorage({ clock: systemClock }, dir.path);
  const kept: Parameters<MediaStore["keep"]>[0][] = [];
  const media = { keep: async (row: (typeof kept)[number]) => void kept.push(row) };
  const deps = { local, media, clock: { ...systemClock, now: () => 1_000 }, sleep };
  const receive = createReceive(deps, { maxBytes: 100_000, keepMs: 500, idleMs, upload: true });
  const owned = parts.move();
  return {
    local,
    kept,
    receive: (input) => receive({ instanceId: "I", ...input }, new AbortController().signal),
    leftovers: () => readdir(join(dir.path, "staging")),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function* pieces(...all: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all;
}

describe("receive", () => {
  test("the file lies under its hash, with a row of its own that says when it may go", async () => {
    await using rig = await openRig();
    const bytes = [randomBytes(60_000), randomBytes(40_000)];
    const whole = Buffer.concat(bytes);
    const sha256 = createHash("sha256").update(whole).digest("hex");
    const received = await rig.receive({ bytes: pieces(...bytes), fileName: "../x/a b.bin" });
    expect(received).toEqual({
      mediaId: expect.stringMatching(/^[0-9a-f]{32}$/),
      mimeType: "application/octet-stream",
      bytes: 100_000,
      fileName: "a b.bin",
      expiresAt: 1_500,
    });
    expect((await readFile(rig.local.pathOf(sha256))).equals(whole)).toBe(true);
    const file = { sha256, bytes: 100_000, mimeType: received.mimeType };
    expect(rig.kept).toMatchObject([
      { media: { instanceId: "I", kind: "document", expiresAt: 1_500 }, file, upload: true, now: 1_000 },
    ]);
    expect(await rig.leftovers()).toEqual([]);
  });

  test("the same file has the same id, another name or instance another", async () => {
    await using rig = await openRig();
    const idOf = async (more: Partial<ReceiveInput>): Promise<string> =>
      (await rig.receive({ bytes: pieces(Buffer.from("same")), ...more })).mediaId;
    const first = await idOf({ fileName: "a.txt" });
    expect(await idOf({ fileName: "a.txt" })).toBe(first);
    const others = [
      await idOf({}),
      await idOf({ fileName: "b.txt" }),
      await idOf({ fileName: "a.txt", instanceId: "J" }),
    ];
    expect(new Set([first, ...others]).size).toBe(4);
  });

  test.each([
    ["its content, whatever is said", { contentType: "image/png", fileName: "a.png" }, "video/mp4", "film.mp4"],
    ["its name where the content says little", { fileName: "a.csv" }, "text/csv", undefined],
    ["what was declared where there is no name", { contentType: "text/csv" }, "text/csv", undefined],
  ])("its type comes from %s", async (_, said, mimeType, name) => {
    await using rig = await openRig();
    const content = name === undefined ? Buffer.from("a;b\n1;2\n") : await readFile(fixture(name));
    expect(await rig.receive({ bytes: pieces(content), ...said })).toMatchObject({ mimeType });
  });

  const stalling = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from("begun");
    await new Promise(() => {});
  };
  const breaking = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from("begun");
    throw new Error("socket hang up");
  };
  test.each([
    ["nothing", () => pieces(), "media_rejected", "the media has 0 bytes"],
    ["too much", () => pieces(Buffer.alloc(60_000), Buffer.alloc(60_000)), "payload_too_large", /larger than 0\.1 MB/],
    ["what breaks off", breaking, "invalid_request", "the body ended before its end"],
    ["what stalls", stalling, "invalid_request", "the body stopped coming"],
  ])("%s is refused and leaves nothing behind", async (_, bytes, code, message) => {
    await using rig = await openRig(bytes === stalling ? { idleMs: 20 } : {});
    await expect(rig.receive({ bytes: bytes() })).rejects.toMatchObject({
      code,
      message: typeof message === "string" ? message : expect.stringMatching(message),
    });
    expect([rig.kept, await rig.leftovers()]).toEqual([[], []]);
  });
});
