import type { EventEmitter } from "node:events";
import type { BaileysEventMap, BinaryNode, WAMessage } from "@whiskeysockets/baileys";
import type { Clock } from "#lib/clock.ts";
import { BoundedMap } from "../bounded-map.ts";

type Attrs = Readonly<Record<string, string>>;

/**
 * Puts what the owner asks a bot into the chat with that bot, where its answers are. WhatsApp protocol: the copy for the
 * own devices names the bot as `recipient`; Baileys files it under the own number. Changes the message.
 */
export function intoBotChat({ key }: Pick<WAMessage, "key">, { recipient }: Attrs): void {
  if (key.fromMe !== true || !isBot(recipient)) return;
  key.remoteJid = recipient;
  delete key.remoteJidAlt;
}

/** The same for what Baileys reports: answers what has to be called with its events, before anybody else sees them. */
export function followBotChats(ws: EventEmitter, clock: Clock): (events: Partial<BaileysEventMap>) => void {
  const asked = new BoundedMap<string, Attrs>({ limit: 500, ttlMs: 10 * 60_000, clock });
  ws.on("frame", (frame: unknown) => {
    const { tag, attrs } = Object(frame) as Partial<BinaryNode>;
    const id = attrs?.["id"];
    if (tag === "message" && id !== undefined && isBot(attrs?.["recipient"])) asked.set(id, { ...attrs });
  });
  return (events) => {
    for (const message of events["messages.upsert"]?.messages ?? []) {
      intoBotChat(message, asked.get(message.key.id ?? "") ?? {});
    }
  };
}

/** WhatsApp protocol: the server of Meta AI and of other bots. */
function isBot(jid: string | undefined): jid is string {
  return jid?.endsWith("@bot") === true;
}
