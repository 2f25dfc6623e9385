import { LT_HASH_ANTI_TAMPERING, proto } from "@whiskeysockets/baileys";
import {
  isSame,
  valueMacOf,
  type AppStateCrypto,
  type OpenedMutation,
  type SealedMutation,
  type SealedRecord,
} from "./app-state-crypto.ts";

/** One collection of an account's app state: its entries, their hash and the latest patches. */
export interface Collection {
  version(): number;
  /** The phone changes something; answers the new version. */
  change(changes: readonly (OpenedMutation & { readonly version: number })[]): number;
  /** Takes a companion's encoded patch and answers what it says. Throws when a MAC is wrong. */
  push(patch: Uint8Array): readonly OpenedMutation[];
  /** Encoded patches that lead from a version to the latest; nothing when the log does not reach back that far. */
  patchesSince(version: number): readonly Uint8Array[] | undefined;
  /** The encoded snapshot of the latest version. */
  snapshot(): Uint8Array;
  /**
   * The server loses an entry, and the latest patches; the phone keeps both. From now on the snapshot lacks what its MAC
   * counts, until the entry is written again. Answers whether there was such an entry.
   */
  lose(index: readonly string[]): boolean;
  /** The collection as the phone has it. */
  phoneCopy(): PhoneCopy;
  state(): CollectionState;
}

/** A whole collection in the clear. */
export interface PhoneCopy {
  readonly version: number;
  /** 128 bytes. */
  readonly hash: Uint8Array;
  readonly records: readonly {
    /** An encoded SyncActionData. */
    readonly data: Uint8Array;
    /** 32 bytes: the entry's part in the hash. */
    readonly mac: Uint8Array;
  }[];
}

/** A collection as plain JSON; bytes are base64. */
export interface CollectionState {
  readonly version: number;
  /** Index MAC and blob of each entry. */
  readonly records: readonly (readonly [index: string, blob: string])[];
  /** The latest patches; the last one leads to `version`. */
  readonly patches: readonly string[];
  /** Index MACs of entries that the server lost; absent when none, and in older files. */
  readonly lost?: readonly string[];
}

/** Most patches that are kept; who lacks more gets a snapshot. */
const maxPatches = 30;

/** A collection as it was, or an empty one. */
export function createCollection(
  crypto: AppStateCrypto,
  input: { readonly name: string; readonly state?: CollectionState },
): Collection {
  const { name, state } = input;
  const fromBase64 = (text: string): Uint8Array => Buffer.from(text, "base64");
  const records = new Map((state?.records ?? []).map(([index, blob]) => [index, { index, blob: fromBase64(blob) }]));
  let patches = (state?.patches ?? []).map(fromBase64);
  const lost = new Set(state?.lost);
  let version = state?.version ?? 0;
  let hash = mixed(new Uint8Array(128), [], [...records.values()]);

  const sumAfter = (mutations: readonly SealedMutation[]): Uint8Array => {
    const gone = new Set<SealedRecord>();
    const added = new Map<string, SealedRecord>();
    for (const mutation of mutations) {
      const before = records.get(mutation.index);
      if (before !== undefined) gone.add(before);
      added.delete(mutation.index);
      if (!mutation.isRemoval) added.set(mutation.index, mutation);
    }
    return mixed(hash, [...gone], [...added.values()]);
  };
  const apply = (patch: proto.ISyncdPatch, mutations: readonly SealedMutation[]): void => {
    hash = sumAfter(mutations);
    for (const mutation of mutations) {
      lost.delete(mutation.index);
      if (mutation.isRemoval) records.delete(mutation.index);
      else records.set(mutation.index, { index: mutation.index, blob: mutation.blob });
    }
    version += 1;
    const numbered = { ...patch, version: { version } };
    patches = [...patches, proto.SyncdPatch.encode(numbered).finish()].slice(-maxPatches);
  };
  const macsOf = (mutations: readonly SealedMutation[]) => {
    const next = version + 1;
    const snapshotMac = crypto.snapshotMac({ name, version: next, hash: sumAfter(mutations) });
    return { snapshotMac, patchMac: crypto.patchMac({ name, version: next }, snapshotMac, mutations) };
  };

  return {
    version: () => version,
    change(changes) {
      const mutations = changes.map((change) => crypto.seal(change));
      const keyId = { id: crypto.keyId };
      apply({ ...macsOf(mutations), keyId, mutations: mutations.map((one) => encodeMutation(one, keyId)) }, mutations);
      return version;
    },
    push(bytes) {
      const patch = proto.SyncdPatch.decode(bytes);
      if (!isSame(crypto.keyId, patch.keyId?.id)) throw new Error("a key that was never shared");
      if (patch.externalMutations !== null && patch.externalMutations !== undefined) {
        throw new Error("mutations in a file of their own are not understood");
      }
      const mutations = patch.mutations.map(decodeMutation);
      const opened = mutations.map((mutation) => crypto.open(mutation));
      const { snapshotMac, patchMac } = macsOf(mutations);
      if (!isSame(snapshotMac, patch.snapshotMac)) throw new Error("wrong snapshot MAC");
      if (!isSame(patchMac, patch.patchMac)) throw new Error("wrong patch MAC");
      apply(patch, mutations);
      return opened;
    },
    patchesSince(since) {
      const lacking = version - since;
      if (lacking < 0 || lacking > patches.length) return undefined;
      return lacking === 0 ? [] : patches.slice(-lacking);
    },
    snapshot() {
      const keyId = { id: crypto.keyId };
      return proto.SyncdSnapshot.encode({
        version: { version },
        records: [...records.values()]
          .filter(({ index }) => !lost.has(index))
          .map((record) => encodeRecord(record, keyId)),
        mac: crypto.snapshotMac({ name, version, hash }),
        keyId,
      }).finish();
    },
    lose(words) {
      const index = crypto.indexOf(words);
      if (!records.has(index)) return false;
      lost.add(index);
      patches = [];
      return true;
    },
    phoneCopy: () => ({
      version,
      hash,
      records: [...records.values()].map((record) => ({ data: crypto.decrypt(record), mac: valueMacOf(record) })),
    }),
    state: () => ({
      version,
      records: [...records.values()].map(({ index, blob }) => [index, Buffer.from(blob).toString("base64")] as const),
      patches: patches.map((patch) => Buffer.from(patch).toString("base64")),
      ...(lost.size > 0 && { lost: [...lost] }),
    }),
  };
}

/** WhatsApp protocol: a collection's hash is the sum of its entries (LT-hash), so entries come and go in any order. */
function mixed(hash: Uint8Array, gone: readonly SealedRecord[], added: readonly SealedRecord[]): Uint8Array {
  return LT_HASH_ANTI_TAMPERING.subtractThenAdd(hash, gone.map(valueMacOf), added.map(valueMacOf));
}

const { SET, REMOVE } = proto.SyncdMutation.SyncdOperation;

function encodeMutation(mutation: SealedMutation, keyId: proto.IKeyId): proto.ISyncdMutation {
  return { operation: mutation.isRemoval ? REMOVE : SET, record: encodeRecord(mutation, keyId) };
}

function encodeRecord({ index, blob }: SealedRecord, keyId: proto.IKeyId): proto.ISyncdRecord {
  return { index: { blob: Buffer.from(index, "base64") }, value: { blob }, keyId };
}

function decodeMutation({ operation, record }: proto.ISyncdMutation): SealedMutation {
  const blob = record?.value?.blob;
  if (blob === null || blob === undefined || blob.length < 64) throw new Error("a mutation without a value");
  const index = Buffer.from(record?.index?.blob ?? []).toString("base64");
  return { index, blob: Buffer.from(blob), isRemoval: operation === REMOVE };
}
