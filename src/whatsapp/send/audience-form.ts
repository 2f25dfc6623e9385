import { WazapiError } from "#domain/errors.ts";
import { isLidJid, isPersonJid } from "#domain/jid.ts";
import type { Form } from "../addressing/form.ts";
import type { LiveSocket } from "../live-socket.ts";
import { isOwnJid } from "./target.ts";

/**
 * The people of an audience by one of their names; whoever does not have it is left out, since one wrong name is enough
 * for WhatsApp to refuse the post (479, Baileys #2794). LIDs that are not known are asked for, all in one query. Throws
 * `send_unreadable` when that leaves nobody but ourselves.
 */
export async function namedBy(form: Form, socket: LiveSocket, people: readonly string[]): Promise<readonly string[]> {
  const { lidMapping } = socket.sock.signalRepository;
  const fits = form === "lid" ? isLidJid : isPersonJid;
  const strangers = people.filter((jid) => !fits(jid));
  if (strangers.length === 0) return people;
  const pairs =
    (await (form === "lid" ? lidMapping.getLIDsForPNs(strangers) : lidMapping.getPNsForLIDs(strangers))) ?? [];
  const named = new Map(pairs.map(({ pn, lid }) => (form === "lid" ? [pn, lid] : [lid, pn])));
  const audience = [...new Set(people.flatMap((jid) => (fits(jid) ? jid : (named.get(jid) ?? []))))];
  const others = people.filter((jid) => !isOwnJid(socket, jid));
  if (others.length > 0 && audience.every((jid) => isOwnJid(socket, jid))) {
    throw new WazapiError("send_unreadable", { details: { people: others.length } });
  }
  return audience;
}
