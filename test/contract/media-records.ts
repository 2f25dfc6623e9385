import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Outgoing } from "#domain/content.ts";
import { filesOf } from "#domain/outgoing/files-of.ts";
import type { NewMedia } from "#store/media.ts";
import { addInstance, happening, sharedStore, type StoreAdapter, t0 } from "./adapter.ts";
import { forgetSent, queueTools } from "./queue-tools.ts";

const dayMs = 86_400_000;

/** What a store keeps to where files of messages are written beside something else. */
export function mediaRecordsContract(adapter: StoreAdapter): void {
  describe(`files of events and queued messages on ${adapter.name}`, () => {
    const store = sharedStore(adapter);
    const { add, claimed, settle } = queueTools(store);

    const fileOf = (instanceId: string, messageId: string): NewMedia => ({
      mediaId: randomUUID(),
      instanceId,
      chatId: "5511900000002@s.whatsapp.net",
      messageId,
      part: "main",
      kind: "image",
      mimeType: "image/jpeg",
      fileName: "a.jpg",
      expiresAt: t0 + dayMs,
    });

    test("persist: the files of an event come with it, and are no part of its row", async () => {
      const instanceId = await addInstance(store());
      const media = [fileOf(instanceId, "M1"), { ...fileOf(instanceId, "M1"), part: "thumbnail" }];
      const [row] = await store().events.persist({ instanceId, events: [happening(1, { media })], now: t0 });
      expect(row).not.toHaveProperty("media");
      const found = await store().media.getMany({ mediaIds: media.map(({ mediaId }) => mediaId) });
      expect(found).toEqual(media.map((file) => expect.objectContaining({ ...file, state: "pending", dueAt: t0 })));
    });

    test("persist: an event that is known already brings no files again", async () => {
      const instanceId = await addInstance(store());
      const first = fileOf(instanceId, "M1");
      const again = fileOf(instanceId, "M1");
      await store().events.persist({ instanceId, events: [happening(1, { media: [first] })], now: t0 });
      await store().events.persist({ instanceId, events: [happening(1, { media: [again] })], now: t0 });
      expect(await store().media.get({ mediaId: first.mediaId })).toBeDefined();
      expect(await store().media.get({ mediaId: again.mediaId })).toBeUndefined();
    });

    test("settle: so do those of the events of a sent message", async () => {
      const instanceId = await addInstance(store());
      await add(instanceId, "a");
      const media = [fileOf(instanceId, "M1")];
      await settle(await claimed(instanceId), { events: [happening(1, { media })] });
      expect(await store().media.get({ mediaId: media[0]!.mediaId })).toMatchObject({ state: "pending" });
    });

    test("persist: a file that lies here already is not fetched, unless it is gone meanwhile", async () => {
      const instanceId = await addInstance(store());
      const ours = randomUUID();
      const { sha256 } = await keep(instanceId, ours);
      const copy = { ...fileOf(instanceId, "M1"), copyOf: { mediaId: ours, upload: false } };
      const late = { ...fileOf(instanceId, "M2"), copyOf: { mediaId: randomUUID(), upload: true } };
      const other = fileOf(instanceId, "M3");
      const events = [copy, late, other].map((file, n) => happening(n, { media: [file] }));
      await store().events.persist({ instanceId, events, now: t0 });
      expect(await store().media.get({ mediaId: copy.mediaId })).toMatchObject({ state: "stored", file: { sha256 } });
      expect(await store().media.get({ mediaId: late.mediaId })).toMatchObject({ state: "pending" });
      expect(await store().media.get({ mediaId: other.mediaId })).toMatchObject({ state: "pending" });
    });

    test("persist: such a file goes into the bucket when it is to, once", async () => {
      const instanceId = await addInstance(store());
      const ours = randomUUID();
      const { sha256 } = await keep(instanceId, ours);
      const copied = (messageId: string, upload: boolean) =>
        store().events.persist({
          instanceId,
          events: [
            happening(messageId, { media: [{ ...fileOf(instanceId, messageId), copyOf: { mediaId: ours, upload } }] }),
          ],
          now: t0,
        });
      const take = () => store().mediaFiles.claimUploads({ owner: "a", volume: sha256, limit: 5, leaseMs: 1, now: t0 });
      await copied("M1", false);
      expect(await take()).toEqual([]);
      await copied("M2", true);
      const [claim] = await take();
      expect(claim).toMatchObject({ sha256 });
      const outcome = { kind: "uploaded", bucket: "b" } as const;
      expect(await store().mediaFiles.settleUpload({ claim: claim!, outcome, now: t0 })).toBe(true);
      await copied("M3", true);
      expect(await take()).toEqual([]);
    });

    test("enqueue: the files of a message stay as long as its row, whatever their own expiry says", async () => {
      const instanceId = await addInstance(store());
      const mediaId = randomUUID();
      await keep(instanceId, mediaId);
      const { message } = await add(instanceId, "", { outgoing: withFile(mediaId) });
      await pruneAll(t0 + 2 * dayMs);
      expect(await store().media.get({ mediaId })).toBeDefined();
      await settle(await claimed(instanceId));
      await forgetSent(store(), t0 + 3 * dayMs);
      expect(await store().queue.get({ instanceId, zaapId: message.zaapId })).toBeUndefined();
      await pruneAll(t0 + 3 * dayMs);
      expect(await store().media.get({ mediaId })).toBeUndefined();
    });

    test("enqueue: a request that is known already holds no other files", async () => {
      const instanceId = await addInstance(store());
      const [first, again] = [randomUUID(), randomUUID()];
      await keep(instanceId, first);
      await keep(instanceId, again);
      const idempotency = { key: "k", requestHash: "h", expiresAt: t0 + dayMs };
      await add(instanceId, "", { outgoing: withFile(first) }, { idempotency });
      expect((await add(instanceId, "", { outgoing: withFile(again) }, { idempotency })).created).toBe(false);
      await pruneAll(t0 + 2 * dayMs);
      expect(await store().media.get({ mediaId: first })).toBeDefined();
      expect(await store().media.get({ mediaId: again })).toBeUndefined();
    });

    const keep = async (instanceId: string, mediaId: string): Promise<{ readonly sha256: string }> => {
      const file = { sha256: randomUUID(), bytes: 1, mimeType: "text/plain" };
      const media = { mediaId, instanceId, part: "main", kind: "document", mimeType: "text/plain" } as const;
      await store().media.keep({
        media: { ...media, expiresAt: t0 + 1 },
        file,
        volume: file.sha256,
        upload: false,
        now: t0,
      });
      return file;
    };
    const pruneAll = async (now: number): Promise<void> => {
      while ((await store().media.prune({ limit: 1_000, now })) > 0);
    };
  });

  test("filesOf: wherever they stand in a content, each once", () => {
    const file = (mediaId: string) => ({ mediaId, bytes: 1, mimeType: "image/png", facts: {} });
    const [a, b, c] = [file("a"), file("b"), file("c")];
    const content = { header: { image: a }, cards: [{ file: b }, { file: a }], note: null, file: c, mediaId: "x" };
    expect(filesOf(content)).toEqual([a, b, c]);
    expect(filesOf({ kind: "text", text: "mediaId" })).toEqual([]);
  });
}

function withFile(mediaId: string): Outgoing {
  const file = { mediaId, bytes: 1, mimeType: "text/plain", facts: {} };
  // Kinds of content are others' matter: a store knows files by their shape.
  const content: unknown = { kind: "document", file };
  return { to: "5511900000002@s.whatsapp.net", content: content as Outgoing["content"], options: {} };
}
