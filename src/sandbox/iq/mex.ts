import { bytesOf, stanza } from "../wire/stanza.ts";
import type { IqHandler } from "./table.ts";

/** WhatsApp Web's number of the mutation that invites somebody to run a channel. */
const adminInvite = "9387141988078609";
const inviteDays = 7;
const daySeconds = 24 * 60 * 60;

/** Queries of WhatsApp's GraphQL by their numbers. There are no channels here, but one may invite to them. */
export const answerMex: IqHandler = (world, { child }) => {
  if (child?.tag !== "query" || child.attrs["query_id"] !== adminInvite) return "unhandled";
  const { newsletter_id: newsletter, user_id: user } = variablesOf(bytesOf(child));
  const invited = typeof user === "string" ? world.directory.find(user) : undefined;
  if (typeof newsletter !== "string" || !newsletter.endsWith("@newsletter") || invited?.onWhatsApp !== true) {
    return answer({ errors: [{ message: "Bad Request", extensions: { error_code: 400 } }] });
  }
  const invite = { id: newsletter, invite_expiration_time: world.seconds() + inviteDays * daySeconds };
  return answer({ data: { xwa2_newsletter_admin_invite_create: invite } });
};

function answer(body: unknown): { readonly content: readonly ReturnType<typeof stanza>[] } {
  return { content: [stanza("result", {}, Buffer.from(JSON.stringify(body)))] };
}

function variablesOf(body: Uint8Array | undefined): Readonly<Record<string, unknown>> {
  const parsed: unknown = JSON.parse(Buffer.from(body ?? []).toString() || "{}");
  const variables: unknown = Object(parsed).variables;
  return typeof variables === "object" && variables !== null ? { ...variables } : {};
}
