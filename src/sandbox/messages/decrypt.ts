import type { BinaryNode, proto } from "@whiskeysockets/baileys";
import type { Companion } from "../companion.ts";
import { parseUserJid, signalAddress, type Addressing } from "../jid.ts";
import type { Person, SimulatedDevice } from "../person.ts";
import { bytesOf } from "../wire/stanza.ts";

/** Where a simulated device files its session with a client's device, for messages addressed in this way. */
export function sessionAddress(companion: Companion, addressing: Addressing): string {
  const { number, lid } = companion.person;
  return signalAddress(addressing === "pn" ? number : lid, addressing, companion.id);
}

/**
 * Decrypts a `pkmsg` or `msg` of a client's device. Clients differ: some keep one session per person, some one per
 * address; so the session of the other address is tried too. Throws what the first try threw.
 */
export async function decryptFrom(
  device: SimulatedDevice,
  from: { readonly companion: Companion; readonly addressing: Addressing },
  enc: BinaryNode,
): Promise<proto.IMessage> {
  const { companion, addressing } = from;
  const type = enc.attrs["type"] ?? "";
  const ciphertext = bytesOf(enc) ?? new Uint8Array(0);
  const decryptAt = async (address: string): Promise<proto.IMessage> => {
    const message = await device.signal().decrypt(address, type, ciphertext);
    noteUse(device, companion, { address, baseKey: type === "pkmsg" ? baseKeyOf(ciphertext) : undefined });
    return message;
  };
  try {
    return await decryptAt(sessionAddress(companion, addressing));
  } catch (error) {
    const other = sessionAddress(companion, addressing === "pn" ? "lid" : "pn");
    if (!device.signal().hasSession(other)) throw error;
    try {
      return await decryptAt(other);
    } catch {
      // The first failure tells more: it is about the session that the message should belong to.
      throw error;
    }
  }
}

/**
 * Remembers which session is the one in use. When both sides open one at the same time, each would write in the one it
 * got last; libsignal, which many clients use, breaks a session on which it tries a message of another. So a session that
 * came while a message of ours was on its way is answered with a new one.
 */
function noteUse(
  device: SimulatedDevice,
  companion: Companion,
  use: { readonly address: string; readonly baseKey: string | undefined },
): void {
  const key = deviceKey(companion);
  const before = device.uses.get(key);
  const isNew = use.baseKey !== undefined && use.baseKey !== before?.baseKey;
  const renew = before?.renew === true || (isNew && awaitsConfirmation(device.person, companion));
  device.uses.set(key, { address: use.address, baseKey: use.baseKey ?? before?.baseKey, renew });
}

function awaitsConfirmation(person: Person, { queue }: Companion): boolean {
  return queue.some(({ node: { tag, attrs } }) => {
    const sender = parseUserJid(attrs["participant"] ?? attrs["from"] ?? "")?.user;
    return tag === "message" && (sender === person.number || sender === person.lid);
  });
}

/** Signal protocol: a pre-key message is a version byte and a protobuf, whose field 2 names the session. */
function baseKeyOf(ciphertext: Uint8Array): string | undefined {
  const bytes = Buffer.from(ciphertext);
  const at = bytes.indexOf(Buffer.from([0x12, 33, 5]), 1);
  return at === -1 ? undefined : bytes.toString("base64", at + 3, at + 35);
}

/** Names a client's device in {@link SimulatedDevice.uses}. */
export function deviceKey({ person, id }: Companion): string {
  return `${person.number}:${id}`;
}
