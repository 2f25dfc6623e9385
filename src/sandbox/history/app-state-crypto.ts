import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { aesDecrypt, aesEncrypt, proto } from "@whiskeysockets/baileys";
import type { AppStateKey } from "./key-share.ts";

/** One encrypted entry of a collection, as patches and snapshots carry it. */
export interface SealedRecord {
  /** Base64 of the index' MAC: the entry's name to whoever has no key. */
  readonly index: string;
  /** Ciphertext and its MAC. */
  readonly blob: Uint8Array;
}

/** Sets an entry, or removes it. */
export interface SealedMutation extends SealedRecord {
  readonly isRemoval: boolean;
}

/** What a mutation says. */
export interface OpenedMutation {
  readonly index: readonly string[];
  readonly value?: proto.ISyncActionValue;
}

/** The part of a blob that goes into the collection's hash. */
export function valueMacOf({ blob }: SealedRecord): Uint8Array {
  return blob.subarray(-macBytes);
}

const macBytes = 32;

/** Encryption and MACs under one app-state key. */
export interface AppStateCrypto {
  readonly keyId: Uint8Array;
  /** Without a value the mutation removes. `version` is the action's own, see the table of actions. */
  seal(change: OpenedMutation & { readonly version: number }): SealedMutation;
  /** Throws when a MAC or the encryption is wrong. */
  open(mutation: SealedMutation): OpenedMutation;
  /** The encoded SyncActionData of an entry of one's own. */
  decrypt(record: SealedRecord): Uint8Array;
  /** How the entry with this index is named in a collection. */
  indexOf(index: readonly string[]): string;
  snapshotMac(collection: { readonly name: string; readonly version: number; readonly hash: Uint8Array }): Uint8Array;
  patchMac(
    collection: { readonly name: string; readonly version: number },
    snapshotMac: Uint8Array,
    mutations: readonly SealedMutation[],
  ): Uint8Array;
}

/** WhatsApp protocol: five keys are expanded from a shared one, for names, values and three kinds of MAC. */
export function createAppStateCrypto(key: AppStateKey): AppStateCrypto {
  const expanded = Buffer.from(hkdfSync("sha256", key.data, new Uint8Array(0), "WhatsApp Mutation Keys", 160));
  const keyAt = (n: number): Buffer => expanded.subarray(32 * n, 32 * (n + 1));
  const [indexKey, valueKey, valueMacKey, snapshotMacKey, patchMacKey] = [0, 1, 2, 3, 4].map(keyAt) as FiveKeys;
  const valueMac = (isRemoval: boolean, ciphertext: Uint8Array): Buffer => {
    const head = Buffer.concat([Buffer.from([isRemoval ? 2 : 1]), key.id]);
    const data = Buffer.concat([head, ciphertext, uint64(head.length)]);
    return createHmac("sha512", valueMacKey).update(data).digest().subarray(0, macBytes);
  };
  const indexMac = (index: Uint8Array): Buffer => createHmac("sha256", indexKey).update(index).digest();
  return {
    keyId: key.id,
    seal({ index, value, version }) {
      const words = Buffer.from(JSON.stringify(index));
      const isRemoval = value === undefined;
      const data = { index: words, value: value ?? {}, padding: new Uint8Array(0), version };
      const ciphertext = aesEncrypt(proto.SyncActionData.encode(data).finish(), valueKey);
      const blob = Buffer.concat([ciphertext, valueMac(isRemoval, ciphertext)]);
      return { index: indexMac(words).toString("base64"), blob, isRemoval };
    },
    open(mutation) {
      const ciphertext = mutation.blob.subarray(0, -macBytes);
      if (!isSame(valueMac(mutation.isRemoval, ciphertext), valueMacOf(mutation))) throw new Error("wrong value MAC");
      const { index, value } = proto.SyncActionData.decode(aesDecrypt(ciphertext, valueKey));
      const words = Buffer.from(index ?? []);
      if (indexMac(words).toString("base64") !== mutation.index) throw new Error("wrong index MAC");
      // WhatsApp protocol: an index is a JSON list of words.
      const opened: OpenedMutation = { index: JSON.parse(words.toString()) as string[] };
      return mutation.isRemoval || value === null || value === undefined ? opened : { ...opened, value };
    },
    decrypt: ({ blob }) => aesDecrypt(blob.subarray(0, -macBytes), valueKey),
    indexOf: (index) => indexMac(Buffer.from(JSON.stringify(index))).toString("base64"),
    snapshotMac: ({ name, version, hash }) =>
      createHmac("sha256", snapshotMacKey).update(hash).update(uint64(version)).update(name).digest(),
    patchMac({ name, version }, snapshotMac, mutations) {
      const mac = createHmac("sha256", patchMacKey).update(snapshotMac);
      for (const mutation of mutations) mac.update(valueMacOf(mutation));
      return mac.update(uint64(version)).update(name).digest();
    },
  };
}

/** Whether two MACs are the same. */
export function isSame(one: Uint8Array, other: Uint8Array | null | undefined): boolean {
  return other?.length === one.length && timingSafeEqual(one, other);
}

type FiveKeys = [Buffer, Buffer, Buffer, Buffer, Buffer];

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
