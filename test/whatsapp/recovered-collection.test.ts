import { gunzipSync, gzipSync } from "node:zlib";
import type { BaileysEventMap, SignalDataSet, WAMessage } from "@whiskeysockets/baileys";
import { proto } from "@whiskeysockets/baileys";
import { describe, expect, it } from "vitest";
import { silentLog } from "#lib/log.ts";
import { systemClock } from "#lib/clock.ts";
import { createAppState, type AppState } from "#sandbox/history/app-state.ts";
import type { AuthState } from "#whatsapp/auth-state.ts";
import { createAppStateRecovery } from "#whatsapp/staying/app-state-recovery.ts";
import { readRecovery, type RecoveryInput } from "#whatsapp/staying/recovered-collection.ts";
import { memoryMedia } from "../sandbox/memory-media.ts";

const { Type } = proto.Message.ProtocolMessage;

/** An account with two labels. */
async function labelled(): Promise<AppState> {
  const app = createAppState({ media: memoryMedia() }, new Uint8Array(32).fill(7));
  for (const id of ["1", "2"]) {
    await app.change("regular", [
      { index: ["label_edit", id], value: { labelEditAction: { name: `Label ${id}`, color: 1 } } },
    ]);
  }
  return app;
}

const reading = (app: AppState, answer: RecoveryInput["answer"]): RecoveryInput => ({
  answer,
  isAsked: async (name) => name === "regular",
  keyOf: async (id) => (id === Buffer.from(app.key.id).toString("base64") ? app.key.data : undefined),
});

describe("the phone's copy of settings", () => {
  it("is read with its entries and the state that Baileys goes on with", async () => {
    const app = await labelled();
    const read = await readRecovery(
      reading(app, { collectionSnapshot: app.recovery("regular") ?? null, isCompressed: true }),
    );
    if (typeof read === "string") return expect.fail(read);
    expect(read).toMatchObject({ name: "regular", fits: true, state: { version: 2 } });
    expect([...read.entries.values()].map(({ index }) => index)).toEqual([
      ["label_edit", "1"],
      ["label_edit", "2"],
    ]);
  });

  it("with a hash that is not of its entries is used all the same, and said to be so", async () => {
    const app = await labelled();
    const plain = Buffer.from(gunzipSync(app.recovery("regular") ?? new Uint8Array()));
    plain[plain.length - 1] = (plain.at(-1) ?? 0) ^ 1;
    const read = await readRecovery(reading(app, { collectionSnapshot: plain, isCompressed: false }));
    expect(read).toMatchObject({ fits: false, state: { hash: plain.subarray(-128) } });
  });

  it.each([
    ["empty", () => new Uint8Array()],
    ["unreadable", (whole: Buffer) => whole.subarray(0, -9)],
    ["unreadable", () => Buffer.from("no gzip at all")],
    ["too_big", () => gzipSync(Buffer.alloc(33 * 1024 * 1024))],
    ["incomplete", (whole: Buffer) => gzipSync(gunzipSync(whole).subarray(0, -131))],
  ])("that is %s is not used", async (reason, damaged) => {
    const app = await labelled();
    const collectionSnapshot = damaged(Buffer.from(app.recovery("regular") ?? []));
    expect(await readRecovery(reading(app, { collectionSnapshot, isCompressed: true }))).toBe(reason);
  });

  it("of another collection, or under a key that was never shared, is not used", async () => {
    const app = await labelled();
    const answer = { collectionSnapshot: app.recovery("regular_low") ?? null, isCompressed: true };
    expect(await readRecovery(reading(app, answer))).toBe("not_asked");
    const labels = { collectionSnapshot: app.recovery("regular") ?? null, isCompressed: true };
    expect(await readRecovery({ ...reading(app, labels), keyOf: async () => undefined })).toBe("unknown_key");
  });
});

/** A recovery that has asked for the labels; its device holds this version of them. */
async function asking(app: AppState, version: number) {
  const stored = new Map<string, unknown>([
    [`app-state-sync-key/${Buffer.from(app.key.id).toString("base64")}`, { keyData: app.key.data }],
    ["app-state-sync-version/regular", { version, hash: Buffer.alloc(128), indexValueMap: {} }],
  ]);
  const keys = {
    get: async (type: string, ids: readonly string[]) =>
      Object.fromEntries(ids.map((id) => [id, stored.get(`${type}/${id}`)])),
    set: async (data: SignalDataSet) => {
      for (const [type, values] of Object.entries(data)) {
        for (const [id, value] of Object.entries(values ?? {})) stored.set(`${type}/${id}`, value);
      }
    },
    transaction: async <T>(work: () => Promise<T>) => await work(),
  };
  const steps: string[] = [];
  const told: string[] = [];
  const over = new AbortController();
  const sock = {
    authState: { keys },
    ev: {
      createBufferedFunction: (work: () => Promise<void>) => work,
      emit: (_event: string, { name }: { readonly name: string }) => told.push(name),
    },
    sendPeerDataOperationMessage: async () => {},
    resyncAppState: async () => {},
  };
  const creds = { me: { id: "551199@s.whatsapp.net" }, account: {} };
  const recovery = createAppStateRecovery(
    {
      sock: () => sock as never,
      auth: { creds, keys } as unknown as AuthState,
      recovery: (step) => steps.push(step),
      clock: systemClock,
      log: silentLog,
      signal: over.signal,
    },
    { answerMs: 60_000, againMs: 3_600_000 },
  );
  void recovery.wanted("regular");
  await expect.poll(() => steps).toEqual(["asked"]);
  return { recovery, steps, told, stored, [Symbol.dispose]: () => over.abort() };
}

function answered(app: AppState, key: WAMessage["key"]): Partial<BaileysEventMap> {
  const collectionSnapshot = app.recovery("regular") ?? null;
  const message = {
    protocolMessage: {
      type: Type.PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE,
      peerDataOperationRequestResponseMessage: {
        peerDataOperationRequestType:
          proto.Message.PeerDataOperationRequestType.COMPANION_SYNCD_SNAPSHOT_FATAL_RECOVERY,
        peerDataOperationResult: [{ syncdSnapshotFatalRecoveryResponse: { collectionSnapshot, isCompressed: true } }],
      },
    },
  };
  return { "messages.upsert": { type: "notify", messages: [{ key, message }] } };
}

describe("an answer with settings", () => {
  const own = { remoteJid: "551199@s.whatsapp.net", fromMe: true, id: "A" };

  it("of the own phone is stored and told, and its question is closed", async () => {
    const app = await labelled();
    using asked = await asking(app, 2);
    await asked.recovery.came(answered(app, own));
    expect(asked.steps).toEqual(["asked", "recovered"]);
    expect(asked.told).toEqual(["Label 1", "Label 2"]);
    await asked.recovery.came(answered(app, own));
    expect(asked.steps).toEqual(["asked", "recovered"]);
  });

  it("of somebody else is not looked at", async () => {
    const app = await labelled();
    using asked = await asking(app, 2);
    await asked.recovery.came(answered(app, { remoteJid: "552188@s.whatsapp.net", fromMe: false, id: "A" }));
    await asked.recovery.came(answered(app, { remoteJid: "552188@s.whatsapp.net", fromMe: true, id: "A" }));
    expect(asked.steps).toEqual(["asked"]);
    expect(asked.told).toEqual([]);
  });

  it("that is older than what the device holds is refused", async () => {
    const app = await labelled();
    using asked = await asking(app, 3);
    await asked.recovery.came(answered(app, own));
    expect(asked.steps).toEqual(["asked", "refused"]);
    expect(asked.told).toEqual([]);
    expect(asked.stored.get("app-state-sync-version/regular")).toMatchObject({ version: 3 });
  });
});
