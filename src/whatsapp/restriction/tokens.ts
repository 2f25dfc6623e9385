import type { BinaryNode, SignalKeyStore, WASocket } from "@whiskeysockets/baileys";
import { canonicalJid, isLidJid, isPersonJid } from "#domain/jid.ts";
import type { Log } from "#lib/log.ts";

/*
 * WhatsApp protocol: somebody who writes to the account gives it a token; a message to that person carries it, or is taken
 * for the beginning of a new chat. Tokens are filed by LID, as Baileys does it, and are good for four buckets of a week.
 */

const bucketSeconds = 7 * 24 * 60 * 60;
const buckets = 4;

/** Whether a token of this age (seconds since 1970) is still good. */
function isTokenGood(timestamp: number, now: number): boolean {
  const bucket = Math.floor(now / 1000 / bucketSeconds);
  return timestamp >= (bucket - (buckets - 1)) * bucketSeconds;
}

/** Whether a good token of any of these names of a person is filed. */
export async function holdsToken(
  keys: Pick<SignalKeyStore, "get">,
  jids: readonly string[],
  now: number,
): Promise<boolean> {
  const filed = await keys.get("tctoken", [...jids]);
  return Object.values(filed).some(
    (entry) => entry?.token?.length > 0 && isTokenGood(Number(entry.timestamp ?? Number.NaN), now),
  );
}

/** The child that a message to this person carries, for what Baileys does not send itself (resends); empty without one. */
export async function tokenNodes(
  sock: Pick<WASocket, "authState" | "signalRepository">,
  jid: string,
): Promise<BinaryNode[]> {
  const filedUnder = await fileOf(sock, canonicalJid(jid));
  const { [filedUnder]: entry } = await sock.authState.keys.get("tctoken", [filedUnder]);
  // Those that have run out are removed daily.
  return entry?.token?.length ? [{ tag: "tctoken", attrs: {}, content: entry.token }] : [];
}

/** Files the tokens that come with messages: Baileys reads those of notifications and of the history only. */
export function takeTokens(
  sock: Pick<WASocket, "ws" | "authState" | "signalRepository">,
  deps: { readonly log: Log },
): void {
  let line: Promise<void> = Promise.resolve();
  sock.ws.on("CB:message", (stanza: BinaryNode) => {
    const child = Array.isArray(stanza.content) ? stanza.content.find(({ tag }) => tag === "tctoken") : undefined;
    const author = canonicalJid(stanza.attrs["from"] ?? "");
    const isChat = isPersonJid(author) || isLidJid(author);
    // A copy of what another own device wrote carries somebody else's.
    if (child === undefined || !isChat || stanza.attrs["recipient"] !== undefined) return;
    if (!(child.content instanceof Uint8Array) || child.content.length === 0) return;
    const token = Buffer.from(child.content);
    const timestamp = child.attrs["t"] ?? stanza.attrs["t"] ?? "";
    // One after the other: the newest must win.
    line = line
      .then(() => file(sock, { author, named: stanza.attrs["sender_lid"], token, timestamp }))
      .catch((error: unknown) => deps.log.warn({ error }, "token of a contact not stored"));
  });
}

interface Token {
  readonly author: string;
  readonly named: string | undefined;
  readonly token: Buffer;
  readonly timestamp: string;
}

async function file(
  sock: Pick<WASocket, "authState" | "signalRepository">,
  { author, named, token, timestamp }: Token,
): Promise<void> {
  const { keys } = sock.authState;
  const lid = named === undefined ? undefined : canonicalJid(named);
  const name = lid !== undefined && isLidJid(lid) ? lid : await fileOf(sock, author);
  const { [name]: filed } = await keys.get("tctoken", [name]);
  if (!(Number(timestamp) > 0) || Number(filed?.timestamp ?? 0) >= Number(timestamp)) return;
  const { [indexName]: index } = await keys.get("tctoken", [indexName]);
  const known = namesIn(index?.token);
  await keys.set({
    tctoken: {
      [name]: { ...filed, token, timestamp },
      // Baileys goes by this list when it looks for those that have run out.
      ...(known.includes(name) ? {} : { [indexName]: { token: Buffer.from(JSON.stringify([...known, name])) } }),
    },
  });
}

const indexName = "__index";

function namesIn(token: Uint8Array | undefined): readonly string[] {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(token ?? []).toString() || "[]");
    return Array.isArray(parsed) ? parsed.filter((name): name is string => typeof name === "string") : [];
  } catch {
    // A list that cannot be read is begun anew: it only serves to tidy up.
    return [];
  }
}

async function fileOf(sock: Pick<WASocket, "signalRepository">, jid: string): Promise<string> {
  if (isLidJid(jid)) return jid;
  return (await sock.signalRepository.lidMapping.getLIDForPN(jid)) ?? jid;
}
