import { createHmac, hkdfSync } from "node:crypto";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { LT_HASH_ANTI_TAMPERING, proto, type ChatMutation, type LTHashState } from "@whiskeysockets/baileys";
import { fieldsOf } from "#lib/protobuf-fields.ts";
import { collections, type Collection } from "./collections.ts";

/** Why a phone's copy of a collection is not used. */
export type Unusable = "empty" | "too_big" | "unreadable" | "not_asked" | "incomplete" | "unknown_key" | "older";

/** A collection of settings as the phone has it. */
export interface RecoveredCollection {
  readonly name: Collection;
  /** As Baileys keeps it: version, hash, and the value MAC of each entry. */
  readonly state: LTHashState;
  /** What each entry says, by the name it has in `state`. */
  readonly entries: ReadonlyMap<string, ChatMutation>;
  /** Whether the hash is that of the entries. The phone's is used in any case: its next change continues it. */
  readonly fits: boolean;
}

/** What reading needs to know. */
export interface RecoveryInput {
  readonly answer: proto.Message.PeerDataOperationRequestResponseMessage.PeerDataOperationResult.ISyncDSnapshotFatalRecoveryResponse;
  /** Whether the phone was asked for this collection. */
  readonly isAsked: (name: Collection) => Promise<boolean>;
  /** The key data behind a base64 id, when it was shared. */
  readonly keyOf: (id: string) => Promise<Uint8Array | undefined>;
}

const maxBytes = 32 * 1024 * 1024;
const maxRecords = 100_000;
const hashBytes = 128;
const macBytes = 32;

const unzip = promisify<Uint8Array, { readonly maxOutputLength: number }, Uint8Array>(gunzip);

/**
 * Reads a phone's answer. WhatsApp protocol (WhatsApp Web, whatsmeow): `collectionSnapshot` is a SyncdSnapshotRecovery
 * (1 version, 2 collection name, 3 records, 4 hash), with `isCompressed` gzipped; a record is a SyncdPlainTextRecord
 * (1 SyncActionData in the clear, 2 key id, 3 value MAC). An entry's name is the HMAC of its index under its key.
 */
export async function readRecovery(input: RecoveryInput): Promise<RecoveredCollection | Unusable> {
  const copy = await plainCopy(input.answer);
  if (typeof copy === "string") return copy;
  const { version, records, hash } = copy;
  const name = collections.find((known) => known === copy.name);
  if (name === undefined || !(await input.isAsked(name))) return "not_asked";
  if (version === undefined || hash?.length !== hashBytes || records.length > maxRecords) return "incomplete";
  const indexKeys = new Map<string, Uint8Array>();
  const entries = new Map<string, ChatMutation>();
  const indexValueMap: LTHashState["indexValueMap"] = {};
  for (const { data, keyId, mac } of records) {
    const index = data && indexOf(data);
    if (!data?.value || index === undefined || keyId === undefined || mac?.length !== macBytes) return "incomplete";
    const id = Buffer.from(keyId).toString("base64");
    const indexKey = indexKeys.get(id) ?? indexKeyOf(await input.keyOf(id));
    if (indexKey === undefined) return "unknown_key";
    indexKeys.set(id, indexKey);
    const entry = createHmac("sha256", indexKey)
      .update(data.index ?? "")
      .digest("base64");
    entries.set(entry, { syncAction: data, index });
    indexValueMap[entry] = { valueMac: mac };
  }
  const macs = Object.values(indexValueMap).map(({ valueMac }) => new Uint8Array(valueMac));
  const sum = LT_HASH_ANTI_TAMPERING.subtractThenAdd(new Uint8Array(hashBytes), [], macs);
  const state = { version, hash: Buffer.from(hash), indexValueMap };
  return { name, state, entries, fits: Buffer.compare(sum, hash) === 0 };
}

interface PlainCopy {
  readonly version: number | undefined;
  readonly name: string | undefined;
  readonly records: readonly {
    readonly data: proto.SyncActionData | undefined;
    readonly keyId: Uint8Array | undefined;
    readonly mac: Uint8Array | undefined;
  }[];
  readonly hash: Uint8Array | undefined;
}

async function plainCopy({ collectionSnapshot, isCompressed }: RecoveryInput["answer"]): Promise<PlainCopy | Unusable> {
  if (!collectionSnapshot?.length) return "empty";
  if (collectionSnapshot.length > maxBytes) return "too_big";
  try {
    const bytes = isCompressed ? await unzip(collectionSnapshot, { maxOutputLength: maxBytes }) : collectionSnapshot;
    const fields = fieldsOf(bytes);
    if (fields === undefined) return "unreadable";
    const only = (number: number): Uint8Array | undefined => fields.findLast((field) => field.number === number)?.value;
    const [version, name] = [only(1), only(2)];
    return {
      version: version && Number(proto.SyncdVersion.decode(version).version),
      name: name && Buffer.from(name).toString(),
      records: fields.flatMap(({ number, value }) => (number === 3 && value ? [plainRecord(value)] : [])),
      hash: only(4),
    };
  } catch (error) {
    return Object(error).code === "ERR_BUFFER_TOO_LARGE" ? "too_big" : "unreadable";
  }
}

function plainRecord(bytes: Uint8Array): PlainCopy["records"][number] {
  const fields = fieldsOf(bytes) ?? [];
  const only = (number: number): Uint8Array | undefined => fields.findLast((field) => field.number === number)?.value;
  const data = only(1);
  return { data: data && proto.SyncActionData.decode(data), keyId: only(2), mac: only(3) };
}

/** WhatsApp protocol: an index is a JSON list of words. */
function indexOf({ index }: proto.SyncActionData): string[] | undefined {
  try {
    const words: unknown = JSON.parse(Buffer.from(index ?? []).toString());
    return Array.isArray(words) && words.length > 0 ? words.map(String) : undefined;
  } catch {
    return undefined;
  }
}

/** WhatsApp protocol: the first of the five keys that are expanded from a shared one names the entries. */
function indexKeyOf(keyData: Uint8Array | undefined): Uint8Array | undefined {
  if (keyData === undefined) return undefined;
  return new Uint8Array(hkdfSync("sha256", keyData, new Uint8Array(0), "WhatsApp Mutation Keys", 160)).subarray(0, 32);
}
