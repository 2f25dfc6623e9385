import { getBinaryNodeChild, getBinaryNodeChildren, type BinaryNode } from "@whiskeysockets/baileys";
import { canonicalJid, isLidJid, isPersonJid, personJid, userOf } from "#domain/jid.ts";
import type { DirectoryStore } from "#store/directory.ts";
import type { LiveSocket } from "../live-socket.ts";
import { isOwnJid } from "./target.ts";

/** Most people a status is encrypted for; who is saved in the phone's address book comes first. */
const maxAudience = 5_000;

/** Who may see the posts of this account, as its owner set it on the phone. */
interface Audience {
  readonly rule: "everybody" | "except" | "only";
  readonly listed: readonly string[];
}

/**
 * JIDs a status goes to: the contacts of this account and the people it has talked with, within what its owner allows,
 * and the account itself. WhatsApp shows it only to those who know our number, too.
 */
export async function statusAudience(
  deps: { readonly directory: DirectoryStore },
  input: { readonly instanceId: string; readonly socket: LiveSocket },
): Promise<string[]> {
  const { instanceId, socket } = input;
  const own = socket.own();
  const { rule, listed } = await askAudience(socket);
  const people = rule === "only" ? listed : await acquaintances(deps.directory, instanceId);
  const excluded =
    rule === "except" ? await bothNames(deps.directory, { instanceId, jids: listed }) : new Set<string>();
  const seen = new Set<string>();
  for (const jid of people) {
    if (seen.size >= maxAudience) break;
    if (isOwnJid(socket, jid)) continue;
    const known = await nameOf(deps.directory, { instanceId, jid });
    if (!excluded.has(known) && !excluded.has(jid)) seen.add(known);
  }
  return [...(own === undefined ? [] : [canonicalJid(own.id)]), ...seen];
}

/** WhatsApp protocol: `status` asks for the lists the owner made; the one marked `default` counts. None: all contacts. */
async function askAudience({ sock }: LiveSocket): Promise<Audience> {
  const answer = await sock
    .query({
      tag: "iq",
      attrs: { to: "s.whatsapp.net", type: "get", xmlns: "status" },
      content: [{ tag: "privacy", attrs: {} }],
    })
    .catch((error: unknown) => {
      // The server's words for: nothing was ever set.
      if (Object(error).data === 404) return undefined;
      throw error;
    });
  return answer === undefined ? { rule: "everybody", listed: [] } : readAudience(answer);
}

function readAudience(answer: BinaryNode): Audience {
  const lists = getBinaryNodeChildren(getBinaryNodeChild(answer, "privacy"), "list");
  const list = lists.find(({ attrs }) => attrs["default"] === "true") ?? lists[0];
  const listed = getBinaryNodeChildren(list, "user").flatMap(({ attrs }) => attrs["jid"] ?? []);
  switch (list?.attrs["type"]) {
    case "whitelist":
      return { rule: "only", listed: listed.map(canonicalJid) };
    case "blacklist":
      return { rule: "except", listed: listed.map(canonicalJid) };
    default:
      return { rule: "everybody", listed: [] };
  }
}

/** Saved contacts first, then everybody there is a chat with. */
async function acquaintances(directory: DirectoryStore, instanceId: string): Promise<readonly string[]> {
  const saved = await pagesOf((page) => directory.contacts({ instanceId, ...page }), {
    keep: ({ contactId, name }) => (name === undefined ? undefined : contactId),
  });
  const talked = await pagesOf((page) => directory.chats({ instanceId, ...page }), {
    keep: ({ chatId, lastMessageAt }) => (lastMessageAt === undefined ? undefined : chatId),
  });
  return [...saved, ...talked];
}

const pageSize = 500;
/** Far more rows than people worth asking for: groups bring in many strangers. */
const maxPages = 200;

async function pagesOf<Row>(
  read: (page: { readonly offset: number; readonly limit: number }) => Promise<readonly Row[]>,
  { keep }: { readonly keep: (row: Row) => string | undefined },
): Promise<readonly string[]> {
  const found: string[] = [];
  for (let page = 0; page < maxPages && found.length < maxAudience; page += 1) {
    const rows = await read({ offset: page * pageSize, limit: pageSize });
    for (const row of rows) {
      const jid = keep(row);
      if (jid !== undefined && (isPersonJid(jid) || isLidJid(jid))) found.push(jid);
    }
    if (rows.length < pageSize) break;
  }
  return found;
}

/** One name for each person, whichever of their two JIDs is stored. */
async function nameOf(
  directory: DirectoryStore,
  { instanceId, jid }: { readonly instanceId: string; readonly jid: string },
): Promise<string> {
  if (!isLidJid(jid)) return canonicalJid(jid);
  const phone = await directory.phoneOf({ instanceId, lid: userOf(jid) });
  return phone === undefined ? canonicalJid(jid) : personJid(phone);
}

async function bothNames(
  directory: DirectoryStore,
  { instanceId, jids }: { readonly instanceId: string; readonly jids: readonly string[] },
): Promise<ReadonlySet<string>> {
  const names = new Set(jids);
  for (const jid of jids) names.add(await nameOf(directory, { instanceId, jid }));
  return names;
}
