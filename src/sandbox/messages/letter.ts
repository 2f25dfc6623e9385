import type { BinaryNode, proto } from "@whiskeysockets/baileys";
import type { Companion } from "../companion.ts";
import type { Addressing } from "../jid.ts";
import type { SimulatedDevice } from "../person.ts";
import { takeBundle } from "../pre-keys.ts";
import { SandboxError } from "../sandbox-error.ts";
import type { PreKeyBundle } from "../signal/sim-device.ts";
import { stanza } from "../wire/stanza.ts";
import type { World } from "../world.ts";
import { deviceKey, sessionAddress } from "./decrypt.ts";

/** One message from a simulated device to one device of a client. */
export interface Letter {
  readonly addressing: Addressing;
  /** Of the message stanza. */
  readonly attrs: Readonly<Record<string, string | number | undefined>>;
  readonly message: proto.IMessage;
  /** Damages the ciphertext. */
  readonly corrupt?: boolean;
  /** Starts the session anew, with this bundle or with one of the server's. */
  readonly fresh?: PreKeyBundle | true;
  /** Which re-send this is. */
  readonly count?: number;
  /** What the stanza carries behind the letter, as it is. */
  readonly beside?: readonly BinaryNode[];
}

const keysMs = 10_000;

/** Encrypts and posts; letters of one device leave in the order of the calls. Throws `unavailable`, `conflict`. */
export async function writeLetter(
  world: World,
  to: { readonly from: SimulatedDevice; readonly companion: Companion },
  letter: Letter,
): Promise<void> {
  const { from, companion } = to;
  if (companion.keys() === undefined && !(await companion.keysKnown(within(world, keysMs)))) {
    throw new SandboxError(
      "unavailable",
      `device ${companion.id} of ${companion.person.number} has not shown its keys`,
    );
  }
  await from.line.run(async () => {
    const signal = from.signal();
    const address = sessionAddress(companion, letter.addressing);
    const use = from.uses.get(deviceKey(companion));
    const goesOn = letter.fresh === undefined && use?.renew === false && use.address === address;
    if (!goesOn || !signal.hasSession(address)) {
      const given = letter.fresh === true ? undefined : letter.fresh;
      await signal.openSession(address, given ?? takeBundle(world, companion));
    }
    from.uses.set(deviceKey(companion), { address, baseKey: use?.baseKey, renew: false });
    const { type, ciphertext } = await signal.encrypt(address, letter.message);
    const bytes = letter.corrupt === true ? damage(ciphertext) : ciphertext;
    const enc = stanza("enc", { v: 2, type, count: letter.count }, bytes);
    if (!world.post(companion, stanza("message", letter.attrs, [enc, ...(letter.beside ?? [])]))) {
      throw new SandboxError("conflict", `too much waits for device ${companion.id} of ${companion.person.number}`);
    }
  });
}

const within = (world: World, ms: number): AbortSignal => AbortSignal.any([world.signal, AbortSignal.timeout(ms)]);

/** Changes a byte of the authentication code; in a pre-key message a few bytes with ids come behind it. */
function damage(ciphertext: Uint8Array): Uint8Array {
  const bytes = Buffer.from(ciphertext);
  const at = Math.max(0, bytes.length - 12);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 0xff, at);
  return bytes;
}
