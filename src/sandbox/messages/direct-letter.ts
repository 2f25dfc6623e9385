import type { Companion } from "../companion.ts";
import type { RememberedMessage } from "../person.ts";
import type { World } from "../world.ts";
import { jidOf, ownCopyAttrs, senderAttrs } from "./envelope.ts";
import type { Letter } from "./letter.ts";

/** A message of a phone as one client's device gets it: as written to it, or as a copy of what the own phone wrote. */
export function directLetter(world: World, companion: Companion, written: RememberedMessage): Letter {
  const { id, message, addressing, at, device = 0 } = written;
  const author = world.directory.person(written.author);
  const attrs = { ...written.attrs, id, t: Math.floor(at / 1000) };
  if (author !== companion.person) {
    return { addressing, attrs: { ...attrs, ...senderAttrs(author, addressing, device) }, message };
  }
  if (written.attrs["category"] === "peer") {
    return { addressing, attrs: { ...attrs, from: jidOf(author, addressing, device), notify: author.name }, message };
  }
  const chat = world.directory.person(written.chat);
  const { messageContextInfo } = message;
  return {
    addressing,
    attrs: { ...attrs, ...ownCopyAttrs({ person: author, device }, chat, addressing) },
    message: {
      deviceSentMessage: { destinationJid: jidOf(chat, addressing), message },
      ...(messageContextInfo && { messageContextInfo }),
    },
  };
}
