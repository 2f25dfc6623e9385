import type { ContentContext, KnownMessage } from "../content-codec.ts";
import { recipientJid, type Addressing } from "../jid.ts";
import type { Person, RememberedMessage } from "../person.ts";
import type { World } from "../world.ts";
import { jidOf } from "./envelope.ts";

/** What somebody's message can speak of: people by number, and messages that this person wrote or got. */
export function contentContext(
  world: World,
  at: { readonly sender: Person; readonly chatJid: string; readonly addressing: Addressing },
): ContentContext {
  const { sender, chatJid, addressing } = at;
  const jidOfNumber = (number: string): string => {
    const identity = world.directory.identify(recipientJid(number));
    return identity === undefined ? number : jidOf(identity, addressing);
  };
  return {
    now: world.options.clock.now(),
    senderJid: jidOf(sender, addressing),
    chatJid,
    media: world.media,
    sealsEdits: world.behaviour.editForm === "sealed",
    find: (messageId) => {
      const found = sender.memory.get(messageId);
      return found === undefined ? undefined : knownMessage(found, sender, jidOfNumber);
    },
    jidOf: (number) => (number.includes("@") ? number : jidOfNumber(number)),
  };
}

function knownMessage(found: RememberedMessage, sender: Person, jidOfNumber: (number: string) => string): KnownMessage {
  const { id, chat, author, message } = found;
  const isShared = chat.includes("@");
  const authorJid = jidOfNumber(author);
  const fromMe = author === sender.number;
  return {
    key: { remoteJid: isShared ? chat : jidOfNumber(chat), fromMe, id, ...(isShared && { participant: authorJid }) },
    authorJid,
    message,
  };
}
