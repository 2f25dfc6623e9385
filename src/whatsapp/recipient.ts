import { USyncQuery, USyncUser } from "@whiskeysockets/baileys";
import { WazapiError } from "#domain/errors.ts";
import { canonicalJid, isLidJid, isPersonJid, lidJid, personJid, userOf } from "#domain/jid.ts";
import type { DirectoryStore } from "#store/directory.ts";
import type { BoundedMap } from "./bounded-map.ts";
import type { LiveSocket } from "./live-socket.ts";

/** Both names of a person, as far as they are known; at least one is. */
export interface PersonNames {
  /** JID by number. */
  readonly pn?: string;
  /** JID by LID. */
  readonly lid?: string;
}

/** What WhatsApp said of a number: the names it has for its owner, or that nobody has it. */
export type Recipient = PersonNames | "nobody";

/** Where recipients are looked up. */
export interface RecipientDeps {
  readonly directory: Pick<DirectoryStore, "lidOf" | "phoneOf">;
  readonly known: BoundedMap<string, Recipient>;
}

interface Asked {
  readonly instanceId: string;
  /** Canonical JID of a person, by number or LID. */
  readonly jid: string;
  readonly socket: Pick<LiveSocket, "sock" | "own">;
}

/**
 * The names of somebody. Whoever we hold a LID of costs no query; any other number is asked about once and remembered.
 * WhatsApp may spell it differently (Brazil's ninth digit). Throws `number_not_on_whatsapp`.
 */
export async function namesOf(deps: RecipientDeps, asked: Asked): Promise<PersonNames> {
  const here = await namesHere(deps, asked);
  if (here.lid !== undefined) return here;
  const { jid } = asked;
  const found = deps.known.get(jid) ?? (await lookUp(asked));
  deps.known.set(jid, found);
  if (found === "nobody") throw new WazapiError("number_not_on_whatsapp");
  return found;
}

/** What this process and its database know, without a query to WhatsApp. */
export async function namesHere(deps: Pick<RecipientDeps, "directory">, asked: Asked): Promise<PersonNames> {
  const { instanceId, jid, socket } = asked;
  const { keys } = socket.sock.authState;
  const user = userOf(jid);
  const me = socket.own();
  if (me?.lid !== undefined && [me.id, me.lid].some((mine) => canonicalJid(mine) === jid)) {
    return { pn: canonicalJid(me.id), lid: canonicalJid(me.lid) };
  }
  if (isLidJid(jid)) {
    const { [`${user}_reverse`]: paired } = await keys.get("lid-mapping", [`${user}_reverse`]);
    const phone = paired ?? (await deps.directory.phoneOf({ instanceId, lid: user }));
    return { lid: jid, ...(phone !== undefined && { pn: personJid(phone) }) };
  }
  const { [user]: paired } = await keys.get("lid-mapping", [user]);
  // A number we hold a LID of has been seen on WhatsApp; Baileys' own look-up would ask the server for an unknown one.
  if (paired !== undefined) return { pn: jid, lid: lidJid(paired) };
  const lid = await deps.directory.lidOf({ instanceId, phone: user });
  if (lid === undefined) return { pn: jid };
  await socket.sock.signalRepository.lidMapping.storeLIDPNMappings([{ lid: lidJid(lid), pn: jid }]);
  return { pn: jid, lid: lidJid(lid) };
}

/** Asks for the LID of somebody whose number is known, whatever is known of it; keeps and answers it. */
export async function askLid({ sock }: Pick<LiveSocket, "sock">, pn: string): Promise<string | undefined> {
  const query = new USyncQuery().withContext("background").withLIDProtocol().withUser(new USyncUser().withId(pn));
  return await keepLid(sock, pn, (await sock.executeUSyncQuery(query))?.list[0]);
}

/** WhatsApp protocol: a number is asked about as a contact; the answer names its owner as WhatsApp spells it. */
async function lookUp({ jid, socket }: Asked): Promise<Recipient> {
  const { sock } = socket;
  const user = new USyncUser().withPhone(`+${userOf(jid)}`);
  const answer = await sock.executeUSyncQuery(new USyncQuery().withContactProtocol().withLIDProtocol().withUser(user));
  if (answer === undefined) throw new WazapiError("timeout", { message: "WhatsApp did not answer about this number" });
  const [found] = answer.list;
  if (found === undefined || found["contact"] !== true) return "nobody";
  const name = canonicalJid(found.id);
  const pn = isPersonJid(name) ? name : jid;
  const lid = isLidJid(name) ? name : await keepLid(sock, pn, found);
  return { pn, ...(lid !== undefined && { lid }) };
}

async function keepLid(
  sock: LiveSocket["sock"],
  pn: string,
  found: { readonly [protocol: string]: unknown } | undefined,
): Promise<string | undefined> {
  const lid = found?.["lid"];
  if (typeof lid !== "string" || !isLidJid(lid)) return undefined;
  await sock.signalRepository.lidMapping.storeLIDPNMappings([{ lid, pn }]);
  return canonicalJid(lid);
}
