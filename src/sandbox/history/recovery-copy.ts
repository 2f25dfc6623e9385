import { gzipSync } from "node:zlib";
import { proto } from "@whiskeysockets/baileys";
import { fieldWith } from "#lib/protobuf-fields.ts";
import type { PhoneCopy } from "./app-state-collection.ts";

/**
 * A collection as a phone hands it to a companion that cannot verify the server's copy. WhatsApp protocol: gzip of a
 * SyncdSnapshotRecovery (1 version, 2 collection name, 3 records, 4 hash); a record is a SyncdPlainTextRecord
 * (1 SyncActionData in the clear, 2 key id, 3 value MAC).
 */
export function encodeRecovery(input: {
  readonly name: string;
  readonly keyId: Uint8Array;
  readonly copy: PhoneCopy;
}): Uint8Array {
  const { name, keyId, copy } = input;
  const records = copy.records.map(({ data, mac }) =>
    fieldWith(3, Buffer.concat([fieldWith(1, data), fieldWith(2, keyId), fieldWith(3, mac)])),
  );
  const version = proto.SyncdVersion.encode({ version: copy.version }).finish();
  return gzipSync(
    Buffer.concat([fieldWith(1, version), fieldWith(2, Buffer.from(name)), ...records, fieldWith(4, copy.hash)]),
  );
}
