import type { proto } from "@whiskeysockets/baileys";
import type { MediaServer } from "../control.ts";

/** The peer message by which a phone sends history: inside when it is small, else as a file on the media server. */
export async function historyMessage(
  _deps: { readonly media: MediaServer },
  _history: proto.IHistorySync,
): Promise<proto.IMessage> {
  throw new Error("being written");
}

/** The history right after linking: who is who, and the chats, newest first. */
export function initialHistory(_input: {
  readonly contacts: readonly { readonly jid: string; readonly lid: string; readonly name: string }[];
  readonly conversations?: readonly proto.IConversation[];
}): proto.IHistorySync {
  throw new Error("being written");
}
