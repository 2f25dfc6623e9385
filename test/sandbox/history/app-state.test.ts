import { gunzipSync } from "node:zlib";
import {
  decodePatches,
  decodeSyncdSnapshot,
  encodeSyncdPatch,
  newLTHashState,
  proto,
  type ChatMutation,
  type LTHashState,
  type WAPatchName,
} from "@whiskeysockets/baileys";
import { describe, expect, it } from "vitest";
import {
  contactChange,
  createAppState,
  pushNameChange,
  restoreAppState,
  type AppState,
  type AppStateChange,
  type AppStateState,
  type SyncResult,
} from "#sandbox/history/app-state.ts";
import type { MediaServer } from "#sandbox/content-codec.ts";
import { decryptMedia } from "#sandbox/media/media-crypto.ts";
import { bytesOf, childOf, childrenOf, stanza } from "#sandbox/wire/stanza.ts";
import { memoryMedia } from "../memory-media.ts";

const names = "critical_unblock_low";
const jid = (n: number): string => `551190000${n}@s.whatsapp.net`;
const named = (n: number, name = `Person ${n}`): AppStateChange =>
  contactChange({ jid: jid(n), lid: `9${n}@lid`, name, timestampMs: 1_700_000_000_000 });

/** A companion as Baileys keeps it: it checks every MAC. */
class Companion {
  readonly app: AppState;
  readonly media: MediaServer;
  state: LTHashState = newLTHashState();
  constructor(app: AppState, media: MediaServer) {
    this.app = app;
    this.media = media;
  }
  readonly #key = async (): Promise<proto.Message.IAppStateSyncKeyData> => ({ keyData: this.app.key.data });
  get #keyId(): string {
    return Buffer.from(this.app.key.id).toString("base64");
  }

  async pull(name: WAPatchName = names): Promise<ChatMutation[]> {
    const version = this.state.version;
    const request = stanza("collection", { name, version, return_snapshot: version === 0 ? "true" : "false" });
    const { answer } = await this.app.sync(request);
    const reference = bytesOf(childOf(answer, "snapshot"));
    if (reference !== undefined) {
      const snapshot = proto.SyncdSnapshot.decode(await this.#download(reference));
      const strict = { warn: (...args: unknown[]) => expect.fail(JSON.stringify(args)) };
      const read = await decodeSyncdSnapshot(name, snapshot, this.#key, undefined, true, strict as never);
      this.state = read.state;
      return Object.values(read.mutationMap);
    }
    const patches = childrenOf(childOf(answer, "patches"), "patch").map((one) =>
      proto.SyncdPatch.decode(bytesOf(one)!),
    );
    const strict = { warn: (...args: unknown[]) => expect.fail(JSON.stringify(args)) };
    const read = await decodePatches(name, patches, this.state, this.#key, {}, undefined, strict as never, true);
    this.state = read.state;
    return Object.values(read.mutationMap);
  }

  async push(
    change: { index: string[]; syncAction: proto.ISyncActionValue; apiVersion: number; operation?: number },
    damage: (patch: proto.ISyncdPatch) => void = () => {},
  ): Promise<SyncResult> {
    const create = { type: names, operation: 0, ...change } as never;
    const { patch, state } = await encodeSyncdPatch(create, this.#keyId, this.state, this.#key);
    damage(patch);
    const result = await this.app.sync(
      stanza("collection", { name: names, version: state.version - 1 }, [
        stanza("patch", {}, proto.SyncdPatch.encode(patch).finish()),
      ]),
    );
    if (result.answer.attrs["type"] !== "error") this.state = state;
    return result;
  }

  async #download(encoded: Uint8Array): Promise<Uint8Array> {
    const { directPath, mediaKey } = proto.ExternalBlobReference.decode(encoded);
    const pieces: Uint8Array[] = [];
    for await (const piece of decryptMedia([(await this.media.get(directPath!))!], "md-app-state", mediaKey!)) {
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  }
}

function openApp(): { app: AppState; media: MediaServer; companion: () => Companion } {
  const media = memoryMedia();
  const app = createAppState({ media }, Buffer.from("seed"));
  return { app, media, companion: () => new Companion(app, media) };
}

const namesIn = (mutations: readonly ChatMutation[]): (string | null | undefined)[] =>
  mutations.map(({ syncAction }) => syncAction.value?.contactAction?.fullName);

describe("app state", () => {
  it("a companion reads what the phone changed, and later only what is new", async () => {
    const { app, companion } = openApp();
    const reader = companion();
    expect(await reader.pull()).toEqual([]);
    expect(await app.change(names, [named(1), named(2)])).toBe(1);
    expect(namesIn(await reader.pull())).toEqual(["Person 1", "Person 2"]);
    expect(await app.change(names, [named(1, "Other Name")])).toBe(2);
    expect(namesIn(await reader.pull())).toEqual(["Other Name"]);
    expect(await reader.pull()).toEqual([]);
    expect(reader.state.version).toBe(2);
    expect(app.version("regular")).toBe(0);
  });

  it("a companion that lacks too much gets a snapshot, and goes on from there", async () => {
    const { app, companion } = openApp();
    for (let n = 0; n < 40; n += 1) await app.change(names, [named(n)]);
    await app.change(names, [{ index: ["contact", jid(0)] }, named(1, "Anew")]);
    const reader = companion();
    const read = namesIn(await reader.pull());
    expect(read).toHaveLength(39);
    expect(read).toContain("Anew");
    expect(reader.state.version).toBe(41);
    await app.change(names, [named(50)]);
    expect(namesIn(await reader.pull())).toEqual(["Person 50"]);
  });

  it("removals, doubles in one patch and removals of what is not there keep the hash right", async () => {
    const { app, companion } = openApp();
    const reader = companion();
    await app.change(names, [named(1), named(1, "Twice"), named(2)]);
    await app.change(names, [{ index: ["contact", jid(1)] }, { index: ["contact", jid(9)] }]);
    await app.change(names, [named(3), { index: ["contact", jid(3)] }, named(2, "Last")]);
    await reader.pull();
    for (let n = 0; n < 40; n += 1) await app.change(names, [named(4, `Name ${n}`)]);
    expect(namesIn(await companion().pull()).sort()).toEqual(["Last", "Name 39"]);
  });

  it("a companion's patch reaches the phone and the other companions", async () => {
    const { app, companion } = openApp();
    const [writer, reader] = [companion(), companion()];
    await app.change(names, [named(1)]);
    await writer.pull();
    const contactAction = { fullName: "By Companion" };
    const sent = await writer.push({ index: ["contact", jid(7)], syncAction: { contactAction }, apiVersion: 2 });
    expect(sent.answer.attrs).toEqual({ name: names, version: "2" });
    expect(sent.changed).toBe(true);
    expect(sent.changes).toMatchObject([{ index: ["contact", jid(7)], value: { contactAction } }]);
    expect(namesIn(await reader.pull())).toEqual(["Person 1", "By Companion"]);
    await app.change(names, [named(2)]);
    expect(namesIn(await writer.pull())).toEqual(["Person 2"]);
  });

  it("a patch on an old version is a conflict", async () => {
    const { app, companion } = openApp();
    const writer = companion();
    await app.change(names, [named(1)]);
    const { answer, changed, changes } = await writer.push({ index: ["x"], syncAction: {}, apiVersion: 2 });
    expect(childOf(answer, "error")?.attrs["code"]).toBe("409");
    expect({ changed, changes }).toEqual({ changed: false, changes: [] });
    expect(app.version(names)).toBe(1);
  });

  it.each<[string, (patch: proto.ISyncdPatch) => void]>([
    ["patch MAC", (patch) => flip(patch.patchMac!)],
    ["snapshot MAC", (patch) => flip(patch.snapshotMac!)],
    ["value", (patch) => flip(patch.mutations![0]!.record!.value!.blob!)],
    ["index", (patch) => flip(patch.mutations![0]!.record!.index!.blob!)],
    ["key", (patch) => flip(patch.keyId!.id!)],
    ["value (none)", (patch) => void (patch.mutations![0]!.record!.value = null)],
  ])("a patch with a wrong %s is refused and changes nothing", async (_what, damage) => {
    const { app, companion } = openApp();
    const { answer } = await companion().push({ index: ["x"], syncAction: {}, apiVersion: 2 }, damage);
    expect(childOf(answer, "error")?.attrs["code"]).toBe("400");
    expect(app.version(names)).toBe(0);
  });

  it("bytes that are no patch and collections that do not exist are refused", async () => {
    const { app } = openApp();
    const garbage = stanza("collection", { name: names, version: 0 }, [stanza("patch", {}, Buffer.from([255, 255]))]);
    expect(childOf((await app.sync(garbage)).answer, "error")?.attrs["code"]).toBe("400");
    const unknown = await app.sync(stanza("collection", { name: "irregular", version: 0 }));
    expect(childOf(unknown.answer, "error")?.attrs["code"]).toBe("404");
  });

  it("a snapshot is plain JSON from which everything goes on", async () => {
    const { app, media, companion } = openApp();
    const reader = companion();
    for (let n = 0; n < 35; n += 1) await app.change(names, [named(n)]);
    await app.change("critical_block", [pushNameChange({ name: "Me", timestampMs: 1 })]);
    await reader.pull();
    const again = restoreAppState({ media }, JSON.parse(JSON.stringify(app.snapshot())) as AppStateState);
    const [old, fresh] = [new Companion(again, media), new Companion(again, media)];
    old.state = reader.state;
    await again.change(names, [named(99)]);
    expect(namesIn(await old.pull())).toEqual(["Person 99"]);
    expect(await fresh.pull()).toHaveLength(36);
    expect(again.version("critical_block")).toBe(1);
  });

  it("an entry that the server lost is missing in its copy, whose checksum does not fit; the phone still has it", async () => {
    const { app, companion, media } = openApp();
    await app.change(names, [named(1), named(2)]);
    expect(app.lose(names, ["contact", jid(2)])).toBe(true);
    expect(app.lose(names, ["contact", jid(3)])).toBe(false);
    const again = restoreAppState({ media }, JSON.parse(JSON.stringify(app.snapshot())) as AppStateState);
    await expect(new Companion(again, media).pull()).rejects.toThrow("LTHash verification failed on snapshot");
    const phone = gunzipSync(again.recovery(names) ?? new Uint8Array()).toString("latin1");
    expect(phone).toContain("Person 2");
    // Written anew, it is there again.
    await app.change(names, [named(2, "Anew")]);
    expect(namesIn(await companion().pull())).toEqual(["Person 1", "Anew"]);
  });

  it("a companion that is ahead of a server that forgot starts over", async () => {
    const { app, companion } = openApp();
    const reader = companion();
    reader.state = { ...newLTHashState(), version: 12 };
    await app.change(names, [named(1)]);
    expect(namesIn(await reader.pull())).toEqual(["Person 1"]);
    expect(reader.state.version).toBe(1);
  });
});

function flip(bytes: Uint8Array): void {
  bytes[3] = (bytes[3] ?? 0) ^ 1;
}
