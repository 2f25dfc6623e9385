import { createHash, randomBytes } from "node:crypto";
import { readFile, rm, mkdtemp, writeFile, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { downloadContentFromMessage, encryptedStream } from "@whiskeysockets/baileys";
import { describe, expect, it, onTestFinished } from "vitest";
import { openBlobStore } from "#sandbox/media/blob-store.ts";
import { decryptMedia, encryptMedia, type MediaCipherKind } from "#sandbox/media/media-crypto.ts";
import { collect, openStation } from "./support.ts";

const kinds = ["image", "video", "audio", "document", "sticker", "md-msg-hist", "md-app-state"] as const;

describe("media crypto", () => {
  it.each(kinds)("encrypt and decrypt: %s means the same to Baileys", async (kind) => {
    await using setup = await openStation();
    const plain = randomBytes(100_003);
    const ours = encryptMedia([plain.subarray(0, 17), plain.subarray(17)], kind);
    const { directPath } = await setup.station.put(ours.bytes);
    const stream = await downloadContentFromMessage(
      { mediaKey: ours.mediaKey, url: `${setup.station.url}${directPath}` },
      kind,
    );
    expect(plain.equals(await collect(stream))).toBe(true);
    expect(Buffer.from(ours.facts().fileSha256).equals(createHash("sha256").update(plain).digest())).toBe(true);

    const theirs = await encryptedStream(plain, kind);
    const encrypted = await readFile(theirs.encFilePath);
    await rm(theirs.encFilePath);
    expect(theirs.fileEncSha256.equals(createHash("sha256").update(encrypted).digest())).toBe(true);
    const pieces = Array.from({ length: Math.ceil(encrypted.length / 7001) }, (_, n) =>
      encrypted.subarray(n * 7001, (n + 1) * 7001),
    );
    expect(plain.equals(await collect(decryptMedia(pieces, kind, theirs.mediaKey)))).toBe(true);
  });

  it.each<[string, (bytes: Buffer) => Buffer]>([
    [
      "a changed byte",
      (bytes) => Buffer.concat([bytes.subarray(0, 40), Buffer.of(bytes[40]! ^ 1), bytes.subarray(41)]),
    ],
    ["a changed MAC", (bytes) => Buffer.concat([bytes.subarray(0, -1), Buffer.of(bytes.at(-1)! ^ 1)])],
    ["a cut end", (bytes) => bytes.subarray(0, -16)],
    ["nothing", () => Buffer.alloc(0)],
  ])("decrypt: %s is refused", async (_, damage) => {
    const ours = encryptMedia([randomBytes(500)], "image");
    const damaged = damage(await collect(ours.bytes));
    await expect(collect(decryptMedia([damaged], "image", ours.mediaKey))).rejects.toMatchObject({ code: "refused" });
  });

  it("facts: are not there before the bytes were read", () => {
    const kind: MediaCipherKind = "image";
    expect(() => encryptMedia([randomBytes(5)], kind).facts()).toThrow("not read to their end");
  });
});

describe("media server", () => {
  it.each([
    ["bytes=0-", 206, 0, 99],
    ["bytes=10-19", 206, 10, 19],
    ["bytes=90-500", 206, 90, 99],
    ["bytes=-10", 206, 90, 99],
    ["bytes=100-", 416, 0, -1],
    ["bytes=9-3", 416, 0, -1],
    ["lines=1-2", 200, 0, 99],
    ["bytes=-", 200, 0, 99],
  ])("GET: range %s answers %i", async (range, status, start, end) => {
    await using setup = await openStation();
    const bytes = randomBytes(100);
    const { directPath } = await setup.station.put(bytes);
    const answer = await fetch(`${setup.station.url}${directPath}`, { headers: { range } });
    expect(answer.status).toBe(status);
    if (status === 416) return;
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes.subarray(start, end + 1))).toBe(true);
    if (status === 206) expect(answer.headers.get("content-range")).toBe(`bytes ${start}-${end}/100`);
  });

  it.each([
    ["GET", "/v/t62.7118-24/00000000000000000000000000000000.enc", 404],
    ["GET", "/v/t62.7118-24/..%2f..%2fetc%2fpasswd", 404],
    ["GET", "/", 404],
    ["POST", "/elsewhere", 404],
    ["PUT", "/mms/image/abc", 405],
  ])("%s %s: answers %i", async (method, path, status) => {
    await using setup = await openStation();
    const answer = await fetch(`${setup.station.url}${path}`, { method, body: method === "GET" ? null : "x" });
    expect(answer.status).toBe(status);
    expect(await answer.json()).toHaveProperty("error");
  });

  it("POST: an upload is served again under the path it was given", async () => {
    await using setup = await openStation();
    const bytes = randomBytes(3_000_000);
    const token = createHash("sha256").update(bytes).digest("base64url");
    const up = await fetch(`${setup.station.url}/mms/image/${token}?auth=A&token=${token}`, {
      method: "POST",
      body: bytes,
    });
    const { url, direct_path: directPath } = (await up.json()) as { url: string; direct_path: string };
    expect(url).toBe(`https://mmg.whatsapp.net${directPath}`);
    const down = await fetch(`${setup.station.url}${directPath}`);
    expect(Buffer.from(await down.arrayBuffer()).equals(bytes)).toBe(true);
    expect(Buffer.from((await setup.station.get(directPath))!).equals(bytes)).toBe(true);
  });

  it("POST: bytes that do not have the hash of their path are refused", async () => {
    await using setup = await openStation();
    const token = createHash("sha256").update("other").digest("base64url");
    const up = await fetch(`${setup.station.url}/mms/image/${token}`, { method: "POST", body: "these" });
    expect(up.status).toBe(415);
  });

  it("faults: upload and download fail as often as asked, then work", async () => {
    await using setup = await openStation();
    const upload = async () =>
      fetch(`${setup.station.url}/mms/image/t?auth=5511911112222.x`, { method: "POST", body: "b" });
    setup.faults.add({ type: "upload-fail", times: 2, match: { number: "5511911112222" } });
    setup.faults.add({ type: "upload-fail", match: { number: "5511900000000" } });
    expect([(await upload()).status, (await upload()).status, (await upload()).status]).toEqual([500, 500, 200]);
    const { directPath } = await setup.station.put(Buffer.from("b"));
    setup.faults.add({ type: "download-fail", code: 410 });
    const download = async () => fetch(`${setup.station.url}${directPath}`);
    expect([(await download()).status, (await download()).status]).toEqual([410, 200]);
  });
});

describe("blob store", () => {
  it("put: what is larger than the spill limit goes to disk, and close removes it", async () => {
    const before = (await readdir(tmpdir())).filter((name) => name.startsWith("wazapi-sandbox-"));
    const store = await openBlobStore({ spillBytes: 10 });
    await store.put("small.enc", [Buffer.from("0123456789")]);
    await store.put("large.enc", [Buffer.from("01234"), Buffer.from("56789"), Buffer.from("abc"), Buffer.from("de")]);
    const during = (await readdir(tmpdir())).filter(
      (name) => name.startsWith("wazapi-sandbox-") && !before.includes(name),
    );
    expect((await collect(store.read("small.enc")!)).toString()).toBe("0123456789");
    expect((await collect(store.read("large.enc")!)).toString()).toBe("0123456789abcde");
    expect((await collect(store.read("large.enc", { start: 9, end: 10 })!)).toString()).toBe("9a");
    await store[Symbol.asyncDispose]();
    const after = await readdir(tmpdir());
    expect(during.length).toBeGreaterThan(0);
    expect(during.filter((name) => after.includes(name)).length).toBeLessThan(during.length);
  });

  it("put: the oldest blob goes when all together are too large", async () => {
    await using store = await openBlobStore({ maxTotalBytes: 10 });
    await store.put("a", [Buffer.alloc(6)]);
    await store.put("b", [Buffer.alloc(4)]);
    await store.put("c", [Buffer.alloc(4)]);
    expect([store.size("a"), store.size("b"), store.size("c")]).toEqual([undefined, 4, 4]);
  });

  it("put: a blob over its limit is refused and leaves nothing", async () => {
    const directory = await temporary();
    await using store = await openBlobStore({ directory, maxBlobBytes: 5 });
    await expect(store.put("a", [Buffer.alloc(3), Buffer.alloc(3)])).rejects.toMatchObject({ code: "invalid" });
    expect(store.size("a")).toBeUndefined();
    expect(await readdir(directory)).toEqual([]);
  });

  it("put: a source that fails leaves nothing", async () => {
    const directory = await temporary();
    await using store = await openBlobStore({ directory });
    const source = (async function* () {
      yield Buffer.from("x");
      throw new Error("gone");
    })();
    await expect(store.put("a", source)).rejects.toThrow("gone");
    expect(await readdir(directory)).toEqual([]);
  });

  it("open: a kept directory has its blobs again, without half-written ones", async () => {
    const directory = await temporary();
    const first = await openBlobStore({ directory });
    await first.put("a", [Buffer.from("kept")]);
    await first[Symbol.asyncDispose]();
    await writeFile(join(directory, "b.part"), "half");
    await using second = await openBlobStore({ directory });
    expect((await collect(second.read("a")!)).toString()).toBe("kept");
    expect(await readdir(directory)).toEqual(["a"]);
  });
});

async function temporary(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "blob-test-"));
  onTestFinished(async () => rm(directory, { recursive: true, force: true }));
  return directory;
}
