import type { Post } from "../chat-kind.ts";
import type { BuiltMessage } from "../content-codec.ts";
import type { Sent } from "../control.ts";
import { parseUserJid, type Addressing } from "../jid.ts";
import type { Person, RememberedMessage } from "../person.ts";
import { remember } from "../reach/reach.ts";
import { tokenBeside } from "../reach/tokens.ts";
import { SandboxError } from "../sandbox-error.ts";
import type { World } from "../world.ts";
import { sendBatch } from "./batch.ts";
import { contentContext } from "./content-context.ts";
import { directLetter } from "./direct-letter.ts";
import { jidOf } from "./envelope.ts";
import { stanza } from "../wire/stanza.ts";
import { writeLetter } from "./letter.ts";

/** A simulated person, or an account's owner on the phone, writes to somebody. */
export async function postDirect(world: World, post: Post, signal: AbortSignal): Promise<Sent> {
  const { sender, to } = post;
  const recipient = world.directory.find(to);
  if (recipient === undefined) throw new SandboxError("not_found", `${to} is not on WhatsApp`);
  const writes = {
    sender,
    device: post.device ?? 0,
    recipient,
    addressing: addressingFor(post, recipient),
    corrupt: post.corrupt,
    placeholder: post.placeholder === true,
  };
  const context = contentContext(world, { ...writes, chatJid: jidOf(recipient, writes.addressing) });
  const send = async (id: string, built: BuiltMessage): Promise<void> => write(world, writes, { id, built });
  const sent = await sendBatch({ context, send }, post, signal);
  world.changed();
  return sent;
}

interface Writing {
  readonly sender: Person;
  readonly device: number;
  readonly recipient: Person;
  readonly addressing: Addressing;
  readonly corrupt: boolean;
  readonly placeholder: boolean;
}

async function write(
  world: World,
  writing: Writing,
  sent: { readonly id: string; readonly built: BuiltMessage },
): Promise<void> {
  const { sender, device, recipient, addressing, corrupt, placeholder } = writing;
  const { id, built } = sent;
  const at = world.options.clock.now();
  const attrs = { type: built.stanzaType, ...(built.edit !== undefined && { edit: built.edit }) };
  const known: RememberedMessage = {
    id,
    chat: recipient.number,
    author: sender.number,
    at,
    message: built.message,
    attrs,
    addressing,
    ...(device !== 0 && { device }),
  };
  sender.memory.put(known);
  sender.addressing.set(recipient.number, addressing);
  if (recipient.account?.blocked.has(sender.number) === true) return;
  if (recipient !== sender) {
    recipient.memory.put({ ...known, chat: sender.number });
    recipient.addressing.set(sender.number, addressing);
    if (recipient.account !== undefined) remember(recipient.reach.writers, sender.number, true);
    const chat = jidOf(sender, addressing);
    recipient.inbox.add({ messageId: id, from: sender.number, chat, at, message: built.message });
  }
  const writer = sender.devices.get(device);
  if (writer === undefined) return;
  for (const companion of new Set([...recipient.companions.values(), ...sender.companions.values()])) {
    const letter = directLetter(world, companion, known);
    if (placeholder && companion.person !== sender) {
      world.post(companion, stanza("message", letter.attrs, [stanza("unavailable", {})]));
      continue;
    }
    const beside = companion.person === sender ? [] : tokenBeside(world, sender, recipient);
    await writeLetter(world, { from: writer, companion }, { ...letter, corrupt, beside });
  }
}

/** As the conversation was last held, unless the caller wants otherwise. */
function addressingFor(post: Post, recipient: Person): Addressing {
  if (post.sender.username !== undefined) return "lid";
  return (
    post.addressing ??
    (parseUserJid(post.to)?.addressing === "lid" ? "lid" : undefined) ??
    post.sender.addressing.get(recipient.number) ??
    (migratedIn(post.sender, recipient) ? "lid" : "pn")
  );
}

/** Whether the account in it, if there is one, keeps its chats by LID. */
function migratedIn(sender: Person, recipient: Person): boolean {
  const accounts = [sender, recipient].filter(({ companions }) => companions.size > 0);
  return accounts.length > 0 && accounts.every(({ lidMigrated }) => lidMigrated);
}
