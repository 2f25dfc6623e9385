import type { BinaryNode, proto } from "@whiskeysockets/baileys";
import type { Companion } from "../companion.ts";
import { signalAddress, type Addressing } from "../jid.ts";
import type { SimulatedDevice } from "../person.ts";
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
  const signal = device.signal();
  const type = enc.attrs["type"] ?? "";
  const ciphertext = bytesOf(enc) ?? new Uint8Array(0);
  try {
    return await signal.decrypt(sessionAddress(from.companion, from.addressing), type, ciphertext);
  } catch (error) {
    const other = sessionAddress(from.companion, from.addressing === "pn" ? "lid" : "pn");
    if (!signal.hasSession(other)) throw error;
    try {
      return await signal.decrypt(other, type, ciphertext);
    } catch {
      // The first failure tells more: it is about the session that the message should belong to.
      throw error;
    }
  }
}
