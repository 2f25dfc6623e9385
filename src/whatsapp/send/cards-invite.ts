import type { BinaryNode } from "@whiskeysockets/baileys";
import { WazapiError } from "#domain/errors.ts";
import type { NewsletterAdminInviteContent } from "#domain/outgoing/cards.ts";
import type { LiveSocket } from "../live-socket.ts";
import { answeredIn } from "./answered-in.ts";
import type { BuildPayload } from "./payload.ts";
import { isRefused } from "./refused.ts";

/**
 * WhatsApp makes the invitation, the message brings it: without the first, the second opens nothing. Throws
 * `send_rejected` when WhatsApp refuses it, e.g. because the channel is not ours.
 */
export const newsletterAdminInvitePayload: BuildPayload<NewsletterAdminInviteContent> = async (
  _deps,
  input,
  signal,
) => {
  const { socket, jid, content } = input;
  const { newsletterJid, caption } = content;
  const inviteExpiration = await invite(socket, { newsletterJid, personJid: jid });
  const newsletterName = (await nameOf(socket, newsletterJid, signal)) ?? "";
  return { message: { newsletterAdminInviteMessage: { newsletterJid, newsletterName, caption, inviteExpiration } } };
};

/** Longest that the question about a channel's name may take. */
const nameMs = 3_000;

/** The name is an ornament, the recipient's app has it from the channel; and Baileys' query is one of those that changed. */
async function nameOf(socket: LiveSocket, jid: string, signal: AbortSignal): Promise<string | undefined> {
  const ask = async (): Promise<string | undefined> =>
    (await socket.sock.newsletterMetadata("jid", jid).catch(() => null))?.name;
  return await answeredIn(socket, { name: "channel", limitMs: nameMs, ask }, signal);
}

/** WhatsApp protocol: WhatsApp Web's number of the mutation `xwa2_newsletter_admin_invite_create`; Baileys lacks it. */
const inviteQueryId = "9387141988078609";
const inviteAnswer = "xwa2_newsletter_admin_invite_create";

/** Epoch seconds until when the invitation is good. */
async function invite(
  { sock }: LiveSocket,
  input: { readonly newsletterJid: string; readonly personJid: string },
): Promise<number> {
  const variables = { newsletter_id: input.newsletterJid, user_id: input.personJid };
  const query = {
    tag: "query",
    attrs: { query_id: inviteQueryId },
    content: Buffer.from(JSON.stringify({ variables })),
  };
  const iq = { tag: "iq", attrs: { type: "get", to: "s.whatsapp.net", xmlns: "w:mex" }, content: [query] };
  const answer: BinaryNode = await sock.query(iq).catch((error: unknown) => {
    if (isRefused(error)) throw refused();
    throw error;
  });
  const result = Array.isArray(answer.content)
    ? answer.content.find(({ tag }) => tag === "result")?.content
    : undefined;
  const body: unknown = result instanceof Uint8Array ? JSON.parse(Buffer.from(result).toString()) : undefined;
  const expires = Number(Object(Object(Object(body).data)[inviteAnswer]).invite_expiration_time);
  if (!Number.isSafeInteger(expires)) throw refused();
  return expires;
}

function refused(): WazapiError {
  return new WazapiError("send_rejected", { message: "WhatsApp refused to invite this person to the channel" });
}
