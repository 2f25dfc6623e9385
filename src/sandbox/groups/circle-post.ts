import type { Post } from "../chat-kind.ts";
import type { Companion } from "../companion.ts";
import type { BuiltMessage } from "../content-codec.ts";
import type { Sent } from "../control.ts";
import { hostedDevice, signalAddress } from "../jid.ts";
import { sendBatch } from "../messages/batch.ts";
import { contentContext } from "../messages/content-context.ts";
import { writeLetter } from "../messages/letter.ts";
import type { Person, RememberedMessage, SimulatedDevice } from "../person.ts";
import { SandboxError } from "../sandbox-error.ts";
import { createSerial, type Serial } from "../serial.ts";
import { stanza } from "../wire/stanza.ts";
import type { World } from "../world.ts";
import { keyMessage, type Circle } from "./circle.ts";
import { authorAttrs } from "./group-stanzas.ts";

/** Writes what simulated people post in chats of many. */
export interface CirclePoster {
  /** Throws `SandboxError`; answers once everything is on its way. */
  post(
    to: { readonly circle: Circle; readonly readers: readonly Person[] },
    post: Post,
    signal: AbortSignal,
  ): Promise<Sent>;
}

/** What a phone remembers of its sender keys; another run of the sandbox hands them out again. */
interface Writer {
  /** Messages leave one after the other. */
  readonly line: Serial;
  /** Which devices have the key of which chat. */
  readonly given: Map<string, WeakSet<Companion>>;
}

/** A poster that has handed out no keys yet. */
export function createCirclePoster(world: World): CirclePoster {
  const writers = new WeakMap<SimulatedDevice, Writer>();
  const writerOf = (device: SimulatedDevice): Writer => {
    const writer = writers.get(device) ?? { line: createSerial(), given: new Map() };
    writers.set(device, writer);
    return writer;
  };
  return {
    async post(to, post, signal) {
      const { circle, readers } = to;
      const { sender, corrupt } = post;
      if (post.device === hostedDevice) throw new SandboxError("refused", "a provider's device writes to people only");
      const context = contentContext(world, { sender, chatJid: circle.jid, addressing: circle.addressing });
      const phone = sender.devices.get(0);
      const companions = new Set([...readers, sender].flatMap((person) => [...person.companions.values()]));
      const send = async (id: string, built: BuiltMessage): Promise<void> => {
        const written = remember(world, to, { sender, id, built });
        if (phone === undefined || companions.size === 0) return;
        const writer = writerOf(phone);
        await writer.line.run(async () => write(world, { circle, phone, writer, companions, corrupt }, written));
      };
      const sent = await sendBatch({ context, send }, post, signal);
      world.changed();
      return sent;
    },
  };
}

/** Everybody in the chat knows the message from now on; phones of others show it. */
function remember(
  world: World,
  to: { readonly circle: Circle; readonly readers: readonly Person[] },
  sent: { readonly sender: Person; readonly id: string; readonly built: BuiltMessage },
): RememberedMessage {
  const { sender, id, built } = sent;
  const { jid: chat, addressing } = to.circle;
  const { message, stanzaType, edit } = built;
  const at = world.options.clock.now();
  const attrs = { type: stanzaType, ...(edit !== undefined && { edit }) };
  const written = { id, chat, author: sender.number, at, message, attrs, addressing };
  for (const person of new Set([sender, ...to.readers])) {
    person.memory.put(written);
    if (person !== sender) person.inbox.add({ messageId: id, from: sender.number, chat, at, message });
  }
  return written;
}

/** Encrypts once and posts to every device; who has no key yet gets it in front. */
async function write(
  world: World,
  writing: {
    readonly circle: Circle;
    readonly phone: SimulatedDevice;
    readonly writer: Writer;
    readonly companions: ReadonlySet<Companion>;
    readonly corrupt: boolean;
  },
  written: RememberedMessage,
): Promise<void> {
  const { circle, phone, writer, companions, corrupt } = writing;
  const { jid, addressing } = circle;
  const { person } = phone;
  const own = signalAddress(addressing === "pn" ? person.number : person.lid, addressing, phone.id);
  const signal = phone.signal();
  // The key as it stands before this message: whoever gets it can read the message.
  const key = keyMessage(circle, await signal.senderKey(jid, own));
  const ciphertext = await signal.encryptGroup(jid, own, written.message);
  const enc = stanza("enc", { v: 2, type: "skmsg" }, corrupt ? damaged(ciphertext) : ciphertext);
  const { id, at } = written;
  const attrs = { ...written.attrs, id, t: Math.floor(at / 1000), from: jid, ...authorAttrs(circle, person) };
  const given = writer.given.get(jid) ?? new WeakSet();
  writer.given.set(jid, given);
  for (const companion of companions) {
    if (!given.has(companion)) {
      await writeLetter(world, { from: phone, companion }, { addressing, attrs, message: key, beside: [enc] });
      given.add(companion);
    } else if (!world.post(companion, stanza("message", attrs, [enc]))) {
      throw new SandboxError("conflict", `too much waits for device ${companion.id} of ${companion.person.number}`);
    }
  }
}

/** Changes a byte of the signature. */
function damaged(ciphertext: Uint8Array): Uint8Array {
  const bytes = Buffer.from(ciphertext);
  const at = Math.max(0, bytes.length - 12);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 0xff, at);
  return bytes;
}
