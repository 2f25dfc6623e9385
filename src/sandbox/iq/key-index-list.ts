import { proto, type BinaryNode } from "@whiskeysockets/baileys";
import type { Person } from "../person.ts";
import { sign } from "../signal/curve.ts";
import { stanza } from "../wire/stanza.ts";

// WhatsApp protocol: what is signed starts with the kind of signature; 2 is that of a list of key indexes.
const listPrefix = Buffer.from([6, 2]);

/**
 * WhatsApp protocol: `key-index-list` beside a `device-list`: which key indexes of devices are valid, signed by the
 * phone. A device whose index is not above the current one and not in the list is gone.
 */
export function keyIndexList(person: Person, seconds: number): BinaryNode | undefined {
  const phone = person.devices.get(0);
  const isShort = person.devices.size + person.companions.size + person.staleDevices.size <= 1;
  if (phone === undefined || isShort) return undefined;
  const unsigned = [...person.staleDevices].flatMap(([id, how]) => (how === "unsigned" ? [id] : []));
  const validIndexes = [...new Set([...person.devices.keys(), ...person.companions.keys(), ...unsigned])].toSorted(
    (one, other) => one - other,
  );
  const { identity } = phone.signal();
  const details = proto.ADVKeyIndexList.encode({
    rawId: Buffer.from(identity.public).readUInt32BE(0),
    timestamp: seconds,
    currentIndex: Math.max(...validIndexes, ...person.staleDevices.keys()),
    validIndexes,
  }).finish();
  const accountSignature = sign(identity, Buffer.concat([listPrefix, details]));
  const list = proto.ADVSignedKeyIndexList.encode({ details, accountSignature, accountSignatureKey: identity.public });
  return stanza("key-index-list", { ts: seconds }, list.finish());
}
