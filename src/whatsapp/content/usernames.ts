import type { BaileysEventMap, BinaryNode, WASocket } from "@whiskeysockets/baileys";
import type { Clock } from "#lib/clock.ts";
import { BoundedMap } from "../bounded-map.ts";

/**
 * Adds to messages the name of a sender who shows no number. WhatsApp protocol: it stands in the stanza, as `username`
 * (older servers: `sender_username`); of those in groups Baileys reports it itself, of others it does not.
 */
export function followUsernames(ws: WASocket["ws"], clock: Clock): (events: Partial<BaileysEventMap>) => void {
  const names = new BoundedMap<string, string>({ limit: 500, ttlMs: 10 * 60_000, clock });
  ws.on("frame", (frame: unknown) => {
    const { tag, attrs } = Object(frame) as Partial<BinaryNode>;
    const name = attrs?.["username"] ?? attrs?.["sender_username"];
    const id = attrs?.["id"];
    if (tag === "message" && name !== undefined && id !== undefined) names.set(id, name);
  });
  return (events) => {
    for (const { key } of events["messages.upsert"]?.messages ?? []) {
      const name = names.get(key.id ?? "");
      if (name === undefined || key.fromMe === true) continue;
      if (key.participant) key.participantUsername ??= name;
      else key.remoteJidUsername ??= name;
    }
  };
}
