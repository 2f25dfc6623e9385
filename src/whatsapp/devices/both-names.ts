import type { WASocket } from "@whiskeysockets/baileys";
import { canonicalJid, isLidJid, isPersonJid, lidJid, personJid, userOf } from "#domain/jid.ts";

/** A person's JID by number and by LID, as far as both are known here; anything else alone. Asks nobody. */
export type BothNames = (jid: string) => Promise<readonly string[]>;

/** Reads the pairs that Baileys keeps. */
export function createBothNames(sock: Pick<WASocket, "authState">): BothNames {
  return async (jid) => {
    const name = canonicalJid(jid);
    const user = userOf(name);
    if (!isPersonJid(name) && !isLidJid(name)) return [name];
    // Baileys keeps each pair twice: number → LID, and LID with a suffix → number.
    const key = isLidJid(name) ? `${user}_reverse` : user;
    const { [key]: other } = await sock.authState.keys.get("lid-mapping", [key]);
    if (other === undefined) return [name];
    return [name, isLidJid(name) ? personJid(other) : lidJid(other)];
  };
}
