import type { BaileysEventMap, GroupMetadata } from "@whiskeysockets/baileys";
import { isGroupJid } from "#domain/jid.ts";
import type { LiveSocket } from "./live-socket.ts";

/** What can be asked about somebody: the picture, or of a group its name, settings and members. */
export type ProfileQuestion = "picture" | "group";

/** Codes WhatsApp answers with when there is no picture, or none for us (not authorized, forbidden, gone). */
const refusals: ReadonlySet<number> = new Set([401, 403, 404, 406, 410]);

/**
 * Asks WhatsApp, and answers in the form in which the client would have reported the same by itself. Nothing to be seen
 * is an answer too: a picture without a URL, a group without an event. Throws for everything that may work later.
 */
export async function askProfile(
  socket: Pick<LiveSocket, "sock">,
  input: { readonly jid: string; readonly question: ProfileQuestion },
): Promise<Partial<BaileysEventMap>> {
  const { jid, question } = input;
  try {
    if (question === "group") return groupEvents(await socket.sock.groupMetadata(jid));
    return pictureEvents(jid, await socket.sock.profilePictureUrl(jid, "image"));
  } catch (error) {
    if (!refusals.has(codeOf(error))) throw error;
    return question === "picture" ? pictureEvents(jid, undefined) : {};
  }
}

/**
 * When the link of a picture ends (epoch milliseconds); undefined for a link that does not say. WhatsApp protocol: `oe`
 * holds the second in hex.
 */
export function pictureExpiresAt(url: string): number | undefined {
  const second = /[?&]oe=([0-9a-f]{8})(?:&|$)/i.exec(url)?.[1];
  return second === undefined ? undefined : Number.parseInt(second, 16) * 1_000;
}

/** Code of a refusal: Baileys keeps it in the data of its error, or among its output. */
export function codeOf(error: unknown): number {
  const { data, output } = Object(error) as { readonly data?: unknown; readonly output?: { statusCode?: unknown } };
  const code = typeof data === "number" ? data : output?.statusCode;
  return typeof code === "number" ? code : 0;
}

function pictureEvents(jid: string, url: string | undefined): Partial<BaileysEventMap> {
  return { "contacts.update": [{ id: jid, imgUrl: url ?? null }] };
}

function groupEvents(metadata: GroupMetadata): Partial<BaileysEventMap> {
  if (!isGroupJid(metadata.id)) return {};
  const members = metadata.participants.map(({ id, lid, phoneNumber }) => ({
    id,
    ...(lid === undefined ? {} : { lid }),
    ...(phoneNumber === undefined ? {} : { phoneNumber }),
  }));
  return { "groups.update": [metadata], "contacts.upsert": members };
}
