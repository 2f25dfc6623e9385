import { createHash, randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { ClaimedFile, ClaimedMedia, NewMedia, StoredFile } from "#store/media.ts";
import { addInstance, codeOf, range, sharedStore, type StoreAdapter, t0 } from "./adapter.ts";
import { forgetSent, queuedText } from "./queue-tools.ts";

const leaseMs = 60_000;
const dayMs = 86_400_000;

/** What every `MediaStore` and `MediaFileStore` keeps to. */
export function mediaContract(adapter: StoreAdapter): void {
  describe(`media on ${adapter.name}`, () => {
    const store = sharedStore(adapter);
    const media = () => store().media;
    const files = () => store().mediaFiles;
    const newInstance = () => addInstance(store());
    const queue = (instanceId: string, zaapId: string) =>
      store().queue.enqueue({ message: queuedText(instanceId, "", { zaapId }), now: t0 });
    const unqueue = async (instanceId: string, zaapId: string): Promise<void> => {
      expect(await store().queue.cancel({ instanceId, zaapId, now: t0 })).toBe("canceled");
      await forgetSent(store(), t0 + dayMs);
    };

    const expected = async (instanceId: string, over: Partial<NewMedia> = {}): Promise<NewMedia> => {
      const row: NewMedia = {
        mediaId: randomUUID(),
        instanceId,
        chatId: "5511900000002@s.whatsapp.net",
        messageId: `M${randomUUID()}`,
        part: "main",
        kind: "image",
        mimeType: "image/jpeg",
        expiresAt: t0 + 30 * dayMs,
        ...over,
      };
      await media().expect({ media: [row], now: t0 });
      return row;
    };
    const claimOf = async (instanceId: string, now = t0, owner = "a"): Promise<readonly ClaimedMedia[]> =>
      media().claim({ owner, only: [instanceId], limit: 10, leaseMs, now });
    const stored = async (instanceId: string, file: StoredFile, upload = false, now = t0): Promise<NewMedia> => {
      const row = await expected(instanceId);
      const [claim] = await claimOf(instanceId, now);
      const outcome = { state: "stored", file, volume: "v1", upload } as const;
      expect(await media().settle({ claim: claim!, outcome, now })).toBe(true);
      return row;
    };

    test("expect: a known id changes nothing", async () => {
      const instanceId = await newInstance();
      const row = await expected(instanceId, { fileName: "a.jpg" });
      await media().expect({ media: [{ ...row, mimeType: "image/png" }], now: t0 + 1 });
      expect(await media().get({ mediaId: row.mediaId })).toEqual({
        ...row,
        direction: "in",
        state: "pending",
        attempts: 0,
        dueAt: t0,
        createdAt: t0,
        updatedAt: t0,
      });
    });

    test("expect, keep: an instance that is gone gets no rows", async () => {
      const instanceId = randomUUID();
      expect(await codeOf(expected(instanceId))).toBe("instance_not_found");
      const kept = { mediaId: randomUUID(), instanceId, part: "main", kind: "image", mimeType: "image/png" } as const;
      const input = { media: { ...kept, expiresAt: t0 }, file: content(), volume: "v1", upload: false, now: t0 };
      expect(await codeOf(media().keep(input))).toBe("instance_not_found");
    });

    test("keep: the same file again stays at least as long as both say, and is one row", async () => {
      const instanceId = await newInstance();
      const mediaId = randomUUID();
      const ids = { mediaId, instanceId, part: "main", kind: "document", mimeType: "a/b", fileName: "a" } as const;
      const file = content();
      const keep = (expiresAt: number, now: number): Promise<void> =>
        media().keep({ media: { ...ids, expiresAt }, file, volume: "v1", upload: false, now });
      await keep(t0 + 10, t0);
      await keep(t0 + 20, t0 + 1);
      await keep(t0 + 15, t0 + 2);
      expect(await media().getMany({ mediaIds: [mediaId] })).toMatchObject([
        { ...ids, direction: "out", state: "stored", expiresAt: t0 + 20, createdAt: t0, file },
      ]);
    });

    test("getMany: in the order asked for, without the unknown", async () => {
      const instanceId = await newInstance();
      const rows = [await expected(instanceId), await expected(instanceId)];
      const [first, second] = rows.map(({ mediaId }) => mediaId);
      const found = await media().getMany({ mediaIds: [second!, "nobody", first!] });
      expect(found.map(({ mediaId }) => mediaId)).toEqual([second, first]);
    });

    test("claim: due rows, most overdue first, each by one claimer", async () => {
      const instanceId = await newInstance();
      const rows = await Promise.all(range(1, 6).map(() => expected(instanceId)));
      const all = await Promise.all(
        range(1, 4).map((n) => media().claim({ owner: `${n}`, only: [instanceId], limit: 2, leaseMs, now: t0 })),
      );
      const claimed = all.flat();
      expect(claimed.every(({ state }) => state === "downloading")).toBe(true);
      const rest = await claimOf(instanceId);
      const ids = [...claimed, ...rest].map(({ mediaId }) => mediaId);
      expect(ids.sort()).toEqual(rows.map(({ mediaId }) => mediaId).sort());
      expect(await claimOf(instanceId, t0 + leaseMs - 1)).toEqual([]);
    });

    test("claim: not before its time, not of other instances", async () => {
      const [one, two] = [await newInstance(), await newInstance()];
      await expected(one);
      expect(await claimOf(one, t0 - 1)).toEqual([]);
      expect(await claimOf(two)).toEqual([]);
      expect(await media().claim({ owner: "a", only: [one], except: [one], limit: 5, leaseMs, now: t0 })).toEqual([]);
      expect(await claimOf(one)).toHaveLength(1);
    });

    test("claim: what a dead claimer left is taken again, and its late writes change nothing", async () => {
      const instanceId = await newInstance();
      const { mediaId } = await expected(instanceId);
      const [first] = await claimOf(instanceId);
      expect(await media().renew({ claim: first!, leaseMs: 2 * leaseMs, now: t0 })).toBe(true);
      expect(await claimOf(instanceId, t0 + leaseMs)).toEqual([]);
      const [second] = await claimOf(instanceId, t0 + 2 * leaseMs, "b");
      expect(second!.fencingToken).toBeGreaterThan(first!.fencingToken);
      const outcome = { state: "failed", attempts: 9, error: "late" } as const;
      expect(await media().settle({ claim: first!, outcome, now: t0 + 2 * leaseMs })).toBe(false);
      expect(await media().renew({ claim: first!, leaseMs, now: t0 })).toBe(false);
      expect(await media().get({ mediaId })).toMatchObject({ state: "downloading", attempts: 0 });
    });

    test("settle: waits, fails for good, or is stored with its content", async () => {
      const instanceId = await newInstance();
      const { mediaId } = await expected(instanceId);
      const [first] = await claimOf(instanceId);
      const later = { state: "pending", attempts: 1, dueAt: t0 + 500, error: "reset" } as const;
      expect(await media().settle({ claim: first!, outcome: later, now: t0 })).toBe(true);
      expect(await media().settle({ claim: first!, outcome: later, now: t0 })).toBe(false);
      expect(await media().get({ mediaId })).toMatchObject({ state: "pending", attempts: 1, lastError: "reset" });
      expect(await claimOf(instanceId, t0 + 499)).toEqual([]);
      const [second] = await claimOf(instanceId, t0 + 500);
      const file = content();
      const done = { state: "stored", file, volume: "v1", upload: false } as const;
      expect(await media().settle({ claim: second!, outcome: done, now: t0 + 600 })).toBe(true);
      const row = await media().get({ mediaId });
      expect(row).toMatchObject({ state: "stored", file: { ...file, storage: "local", volume: "v1" } });
      expect(row).not.toHaveProperty("lastError");

      const lost = await expected(instanceId);
      const [third] = await claimOf(instanceId, t0 + 700);
      const end = { state: "failed", attempts: 3, error: "gone" } as const;
      expect(await media().settle({ claim: third!, outcome: end, now: t0 + 700 })).toBe(true);
      expect(await media().get({ mediaId: lost.mediaId })).toMatchObject({ state: "failed", lastError: "gone" });
      expect(await claimOf(instanceId, t0 + dayMs)).toEqual([]);
    });

    test("releaseOthers: claims of the dead are due at once, the own ones stay", async () => {
      const instanceId = await newInstance();
      const [dead, own] = [randomUUID(), randomUUID()];
      await expected(instanceId);
      const [lost] = await claimOf(instanceId, t0, dead);
      await expected(instanceId);
      const [kept] = await claimOf(instanceId, t0, own);
      expect(await media().releaseOthers({ owner: own, now: t0 + 1 })).toBeGreaterThan(0);
      expect(await media().renew({ claim: kept!, leaseMs, now: t0 })).toBe(true);
      expect((await claimOf(instanceId, t0 + 1)).map(({ mediaId }) => mediaId)).toEqual([lost!.mediaId]);
    });

    test("prune: expired rows go, those of queued messages stay until the queue forgets them", async () => {
      const instanceId = await newInstance();
      const zaapId = randomUUID();
      await queue(instanceId, zaapId);
      const ids = { mediaId: randomUUID(), instanceId, part: "main", kind: "document", mimeType: "a/b" } as const;
      const kept = { media: { ...ids, expiresAt: t0 + 10 }, file: content(), volume: "v1", upload: false, now: t0 };
      await media().keep(kept);
      await media().use({ instanceId, zaapId, mediaIds: [ids.mediaId] });
      await media().use({ instanceId, zaapId, mediaIds: [ids.mediaId] });
      const gone = await expected(instanceId, { expiresAt: t0 + 10 });
      await media().prune({ limit: 1_000, now: t0 + 9 });
      expect(await media().get({ mediaId: gone.mediaId })).toBeDefined();
      await media().prune({ limit: 1_000, now: t0 + 10 });
      expect(await media().get({ mediaId: gone.mediaId })).toBeUndefined();
      expect(await media().get({ mediaId: ids.mediaId })).toMatchObject({ direction: "out", state: "stored" });
      await unqueue(instanceId, zaapId);
      expect(await media().prune({ limit: 1_000, now: t0 + 10 })).toBe(1);
      expect(await media().get({ mediaId: ids.mediaId })).toBeUndefined();
    });

    test("uploads: claimed on their volume only, retried, then the bucket is the place", async () => {
      const instanceId = await newInstance();
      const file = content();
      const volume = randomUUID();
      const row = await expected(instanceId);
      const [claim] = await claimOf(instanceId);
      await media().settle({ claim: claim!, outcome: { state: "stored", file, volume, upload: true }, now: t0 });
      const take = (now: number) => files().claimUploads({ owner: "a", volume, limit: 10, leaseMs, now });
      expect(await files().claimUploads({ owner: "a", volume: "elsewhere", limit: 10, leaseMs, now: t0 })).toEqual([]);
      expect(await files().nextUploadAt({ volume })).toBe(t0);
      const [first] = await take(t0);
      expect(first).toMatchObject({ ...file, attempts: 0 });
      expect(await take(t0 + leaseMs - 1)).toEqual([]);
      expect(await files().renew({ claim: first!, leaseMs, now: t0 })).toBe(true);
      const later = { kind: "later", attempts: 1, dueAt: t0 + 100, error: "503" } as const;
      expect(await files().settleUpload({ claim: first!, outcome: later, now: t0 })).toBe(true);
      expect(await files().settleUpload({ claim: first!, outcome: later, now: t0 })).toBe(false);
      expect(await files().renew({ claim: first!, leaseMs, now: t0 })).toBe(false);
      const [second] = await take(t0 + 100);
      expect(second).toMatchObject({ attempts: 1 });
      const done = { kind: "uploaded", bucket: "b" } as const;
      expect(await files().settleUpload({ claim: second!, outcome: done, now: t0 + 101 })).toBe(true);
      expect((await media().get({ mediaId: row.mediaId }))!.file).toMatchObject({ storage: "s3", bucket: "b" });
      expect(await files().nextUploadAt({ volume })).toBeUndefined();
      expect(await files().needed({ hashes: [file.sha256] })).toEqual(new Set());
      // The same content once more: it is there already.
      await stored(instanceId, file, true);
      expect(await files().nextUploadAt({ volume })).toBeUndefined();
    });

    test("unused contents: taken only when nobody refers to them, and given back when somebody does", async () => {
      const instanceId = await newInstance();
      const [file, shared] = [content(), content()];
      await stored(instanceId, file);
      const first = await stored(instanceId, shared);
      await stored(instanceId, shared);
      const early = hashes(await sweep(t0 + 1));
      expect(early).not.toContain(file.sha256);
      expect(early).not.toContain(shared.sha256);
      expect(await files().needed({ hashes: [file.sha256, shared.sha256, "00"] })).toEqual(
        new Set([file.sha256, shared.sha256]),
      );
      await media().prune({ limit: 1_000, now: t0 + 40 * dayMs });
      expect(await media().get({ mediaId: first.mediaId })).toBeUndefined();

      // Somebody stores the same content while it is being removed.
      const claims = await sweep(t0 + 1);
      expect(claims.map(({ sha256 }) => sha256)).toEqual(expect.arrayContaining([file.sha256, shared.sha256]));
      expect(await sweep(t0 + 1)).toEqual([]);
      const again = await stored(instanceId, file, false, t0 + 2);
      const of = (wanted: StoredFile) => claims.find(({ sha256 }) => sha256 === wanted.sha256)!;
      expect(await files().forget({ claim: of(file), now: t0 + 3 })).toBe(false);
      expect(await files().forget({ claim: of(shared), now: t0 + 3 })).toBe(true);
      expect(await files().forget({ claim: of(shared), now: t0 + 3 })).toBe(false);
      expect((await media().get({ mediaId: again.mediaId }))!.file).toMatchObject({ storage: "local" });
      expect(await files().needed({ hashes: [file.sha256, shared.sha256] })).toEqual(new Set([file.sha256]));
    });

    test("unused contents: not those that were seen a moment ago; a release gives them back", async () => {
      const instanceId = await newInstance();
      const file = content();
      const row = await stored(instanceId, file);
      await media().prune({ limit: 1_000, now: t0 + 40 * dayMs });
      expect(await media().get({ mediaId: row.mediaId })).toBeUndefined();
      expect(hashes(await sweep(t0 - 1))).not.toContain(file.sha256);
      const [claim] = (await sweep(t0)).filter(({ sha256 }) => sha256 === file.sha256);
      await files().release({ claim: claim! });
      const [again] = (await sweep(t0)).filter(({ sha256 }) => sha256 === file.sha256);
      expect(again!.fencingToken).toBeGreaterThan(claim!.fencingToken);
    });

    test("a removed content that is stored again while its bucket copy goes is uploaded again", async () => {
      const instanceId = await newInstance();
      const file = content();
      const volume = randomUUID();
      const keep = async (now: number): Promise<string> => {
        const mediaId = randomUUID();
        const row = { mediaId, instanceId, part: "main", kind: "image", mimeType: "image/png" } as const;
        await media().keep({ media: { ...row, expiresAt: now + 1 }, file, volume, upload: true, now });
        return mediaId;
      };
      await keep(t0);
      const [upload] = await files().claimUploads({ owner: "a", volume, limit: 1, leaseMs, now: t0 });
      await files().settleUpload({ claim: upload!, outcome: { kind: "uploaded", bucket: "b" }, now: t0 });
      await media().prune({ limit: 1_000, now: t0 + 2 });
      const [removal] = (await sweep(t0 + 2)).filter(({ sha256 }) => sha256 === file.sha256);
      expect(removal).toMatchObject({ bucket: "b" });
      const mediaId = await keep(t0 + 3);
      expect(await files().claimUploads({ owner: "a", volume, limit: 1, leaseMs, now: t0 + 4 })).toEqual([]);
      expect(await files().forget({ claim: removal!, now: t0 + 5 })).toBe(false);
      expect((await media().get({ mediaId }))!.file).toMatchObject({ storage: "local", volume });
      expect(await files().claimUploads({ owner: "a", volume, limit: 1, leaseMs, now: t0 + 5 })).toHaveLength(1);
    });

    test("stats: contents, bytes and what waits", async () => {
      const before = await files().stats();
      const instanceId = await newInstance();
      await stored(instanceId, content(1_000), true);
      await expected(instanceId);
      const after = await files().stats();
      expect(after.files - before.files).toBe(1);
      expect(after.bytes - before.bytes).toBe(1_000);
      expect(after.uploadsWaiting - before.uploadsWaiting).toBe(1);
      expect(after.downloadsWaiting - before.downloadsWaiting).toBe(1);
      expect(await media().nextDueAt()).toBeLessThanOrEqual(t0);
    });

    /** Takes every unused content seen until then, page by page. */
    const sweep = async (seenBefore: number): Promise<readonly ClaimedFile[]> => {
      const found: ClaimedFile[] = [];
      for (let after: string | undefined = ""; after !== undefined;) {
        const page = await files().claimUnused({ owner: "a", after, seenBefore, limit: 3, leaseMs, now: t0 + 1_000 });
        found.push(...page.files);
        after = page.next;
      }
      return found;
    };
  });
}

function content(bytes = 7): StoredFile {
  return { sha256: createHash("sha256").update(randomUUID()).digest("hex"), bytes, mimeType: "image/jpeg" };
}

function hashes(claims: readonly ClaimedFile[]): readonly string[] {
  return claims.map(({ sha256 }) => sha256);
}
