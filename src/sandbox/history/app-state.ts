import { hkdfSync } from "node:crypto";
import { proto, type BinaryNode } from "@whiskeysockets/baileys";
import type { MediaServer } from "../content-codec.ts";
import { bytesOf, childOf, stanza } from "../wire/stanza.ts";
import { actionVersion } from "./app-state-actions.ts";
import { createCollection, type Collection, type CollectionState } from "./app-state-collection.ts";
import { createAppStateCrypto } from "./app-state-crypto.ts";
import { putEncrypted } from "./encrypted-file.ts";
import type { AppStateKey } from "./key-share.ts";
import { encodeRecovery } from "./recovery-copy.ts";

/** WhatsApp protocol: the collections of the app state. */
export const appStateCollections = [
  "critical_block",
  "critical_unblock_low",
  "regular_high",
  "regular",
  "regular_low",
] as const;

/** One of {@link appStateCollections}. */
export type AppStateCollection = (typeof appStateCollections)[number];

/** One change; a value sets, without one the index is removed. */
export interface AppStateChange {
  /** The words of the index, for example `["contact", jid]`. */
  readonly index: readonly string[];
  readonly value?: proto.ISyncActionValue;
}

/** The app state of one account, as server and phone hold it together. */
export interface AppState {
  /** What the phone shares with a new companion. */
  readonly key: AppStateKey;
  /** The phone changes something; answers the new version, for a `server_sync` notification. */
  change(collection: AppStateCollection, changes: readonly AppStateChange[]): Promise<number>;
  /**
   * Answers one `collection` of a `w:sync:app:state` query: takes the companion's patch, if there is one, and gives what
   * it lacks. `damaged` is asked when there is something to give: whether its checksum is to be wrong.
   */
  sync(collection: BinaryNode, damaged?: () => boolean): Promise<SyncResult>;
  version(collection: AppStateCollection): number;
  /** The server loses an entry that the phone still has; answers whether there was one. */
  lose(collection: AppStateCollection, index: readonly string[]): boolean;
  /** What the phone answers a companion that cannot verify the server's copy; undefined for a collection there is not. */
  recovery(collection: string): Uint8Array | undefined;
  /** Plain JSON for {@link restoreAppState}. */
  snapshot(): AppStateState;
}

/** What became of a companion's `collection`. */
export interface SyncResult {
  readonly answer: BinaryNode;
  /** A patch was taken: the account's other companions need a `server_sync` notification. */
  readonly changed: boolean;
  /** What the patch said. */
  readonly changes: readonly AppStateChange[];
}

/** All an app state remembers, as plain JSON. */
export interface AppStateState {
  /** Base64. */
  readonly key: { readonly id: string; readonly data: string };
  readonly collections: { readonly [name in AppStateCollection]?: CollectionState };
}

/** An empty app state whose key belongs to the seed. */
export function createAppState(deps: { readonly media: MediaServer }, seed: Uint8Array): AppState {
  const made = Buffer.from(hkdfSync("sha256", seed, new Uint8Array(0), "sandbox app state key", 36));
  // WhatsApp protocol: the id is the number of the device that made the key, two bytes, and an epoch, four bytes.
  const id = Buffer.concat([Buffer.alloc(2), made.subarray(0, 4)]);
  const key = { id: id.toString("base64"), data: made.subarray(4).toString("base64") };
  return restoreAppState(deps, { key, collections: {} });
}

/** The app state as it was at the snapshot. */
export function restoreAppState(deps: { readonly media: MediaServer }, state: AppStateState): AppState {
  const key = { id: Buffer.from(state.key.id, "base64"), data: Buffer.from(state.key.data, "base64") };
  const crypto = createAppStateCrypto(key);
  const collections = new Map<string, Collection>(
    appStateCollections.map((name) => {
      const before = state.collections[name];
      return [name, createCollection(crypto, before === undefined ? { name } : { name, state: before })];
    }),
  );
  const collectionOf = (name: AppStateCollection): Collection => {
    const collection = collections.get(name);
    if (collection === undefined) throw new Error(`there is no collection ${name}`);
    return collection;
  };
  return {
    key,
    async change(name, changes) {
      return collectionOf(name).change(changes.map((one) => ({ ...one, version: actionVersion(one.index) })));
    },
    async sync(request, damaged = () => false) {
      const name = request.attrs["name"] ?? "";
      const collection = collections.get(name);
      if (collection === undefined) return unchanged(failed(name, 404, "item-not-found"));
      const patch = bytesOf(childOf(request, "patch"));
      return patch === undefined
        ? unchanged(await pull(deps.media, { collection, damaged }, request))
        : push(collection, request, patch);
    },
    version: (name) => collectionOf(name).version(),
    lose: (name, index) => collectionOf(name).lose(index),
    recovery: (name) => {
      const collection = collections.get(name);
      return collection && encodeRecovery({ name, keyId: key.id, copy: collection.phoneCopy() });
    },
    snapshot: () => ({
      key: state.key,
      collections: Object.fromEntries([...collections].map(([name, collection]) => [name, collection.state()])),
    }),
  };
}

/** The change that names a contact in the account's address book; its collection is `critical_unblock_low`. */
export function contactChange(contact: {
  readonly jid: string;
  readonly lid: string;
  readonly name: string;
  readonly timestampMs: number;
}): AppStateChange {
  const { jid, lid, name, timestampMs } = contact;
  const [firstName = name] = name.split(" ");
  return {
    index: ["contact", jid],
    value: {
      timestamp: timestampMs,
      contactAction: { fullName: name, firstName, lidJid: lid, saveOnPrimaryAddressbook: true },
    },
  };
}

/** The change that sets the account's own name; its collection is `critical_block`. */
export function pushNameChange(input: { readonly name: string; readonly timestampMs: number }): AppStateChange {
  return {
    index: ["setting_pushName"],
    value: { timestamp: input.timestampMs, pushNameSetting: { name: input.name } },
  };
}

/** What a companion lacks: the patches since its version or, when they are gone, the whole collection as a file. */
async function pull(
  media: MediaServer,
  from: { readonly collection: Collection; readonly damaged: () => boolean },
  request: BinaryNode,
): Promise<BinaryNode> {
  const { collection, damaged } = from;
  const { name = "", version = "0" } = request.attrs;
  const patches = collection.patchesSince(Number(version));
  if (patches !== undefined) {
    const content =
      patches.length === 0
        ? undefined
        : [
            stanza(
              "patches",
              {},
              (damaged() ? patches.map(damagedPatch) : patches).map((patch) => stanza("patch", {}, patch)),
            ),
          ];
    return stanza("collection", { name, version, has_more_patches: "false" }, content);
  }
  const latest = collection.version();
  const snapshot = damaged() ? damagedSnapshot(collection.snapshot()) : collection.snapshot();
  const { fileLength, ...file } = await putEncrypted(media, snapshot, "md-app-state");
  const reference = proto.ExternalBlobReference.encode({ ...file, fileSizeBytes: fileLength }).finish();
  return stanza("collection", { name, version: latest, has_more_patches: "false" }, [
    stanza("snapshot", {}, reference),
  ]);
}

function damagedPatch(bytes: Uint8Array): Uint8Array {
  const patch = proto.SyncdPatch.decode(bytes);
  patch.patchMac = new Uint8Array(32);
  patch.snapshotMac = new Uint8Array(32);
  return proto.SyncdPatch.encode(patch).finish();
}

function damagedSnapshot(bytes: Uint8Array): Uint8Array {
  const snapshot = proto.SyncdSnapshot.decode(bytes);
  snapshot.mac = new Uint8Array(32);
  return proto.SyncdSnapshot.encode(snapshot).finish();
}

function push(collection: Collection, request: BinaryNode, patch: Uint8Array): SyncResult {
  const { name = "", version } = request.attrs;
  if (Number(version) !== collection.version()) return unchanged(failed(name, 409, "conflict"));
  try {
    const changes = collection.push(patch);
    return { answer: stanza("collection", { name, version: collection.version() }), changed: true, changes };
  } catch {
    // A patch that cannot be right must not spoil what others read; the client is told and nothing changed.
    return unchanged(failed(name, 400, "bad-request"));
  }
}

function failed(name: string, code: number, text: string): BinaryNode {
  return stanza("collection", { name, type: "error" }, [stanza("error", { code, text })]);
}

function unchanged(answer: BinaryNode): SyncResult {
  return { answer, changed: false, changes: [] };
}
