import type { BaileysEventMap, Chat, WASocket } from "@whiskeysockets/baileys";

/** What must not be merged with anything. */
export type UnmergedEvents = Pick<BaileysEventMap, "messages.upsert"> | Pick<BaileysEventMap, "messaging-history.set">;

/**
 * Takes messages and chunks of history as Baileys emits them, past its buffer; everything else stays as it is. In the
 * buffer an edit or a revocation overwrites the message before it, a chunk of history swallows a live message that it
 * holds, too, a message that the owner deletes for themselves vanishes, and two chunks become one. To be called right
 * after `makeWASocket`; Baileys itself listens to neither event.
 */
export function takeUnmerged(ev: WASocket["ev"], take: (events: UnmergedEvents) => void): void {
  const emit: typeof ev.emit = ev.emit.bind(ev);
  const direct: { [Event in keyof BaileysEventMap]?: (arg: BaileysEventMap[Event]) => void } = {
    "messages.upsert": (upsert) => take({ "messages.upsert": upsert }),
    "messaging-history.set": (set) => {
      take({ "messaging-history.set": set });
      // What the app state says about a chat waits in the buffer until the chat is there.
      if (ev.isBuffering()) emit("chats.upsert", set.chats.map(uncounted));
    },
  };
  ev.emit = (event, arg) => {
    const pass = direct[event];
    if (pass === undefined) return emit(event, arg);
    pass(arg);
    return true;
  };
}

/** Unread messages were counted with the chunk; the buffer would add them up. */
function uncounted(chat: Chat): Chat {
  const { unreadCount: _unread, ...others } = chat;
  return others;
}
