import type { Person } from "../person.ts";
import { lockWords, quotaWords } from "../reach/tell-reach.ts";
import { bytesOf, stanza } from "../wire/stanza.ts";
import type { World } from "../world.ts";
import { setAbout } from "./profile.ts";
import type { IqAnswer, IqHandler } from "./table.ts";

/** WhatsApp Web's number of the mutation that invites somebody to run a channel. */
const adminInvite = "9387141988078609";
/** WhatsApp Web's number of the mutation that changes the about text. */
const aboutText = "9152604461510864";
/** The number by which channels were asked about until WhatsApp changed them all. */
const formerChannel = "6563316087068696";
const badRequest: IqAnswer = { error: 400, text: "bad-request" };
/** WhatsApp Web's numbers of the questions what chats the account may begin. */
const reachLock = "23983697327930364";
const newChatQuota = "24503548349331633";
const inviteDays = 7;
const daySeconds = 24 * 60 * 60;

/** Queries of WhatsApp's GraphQL by their numbers. There are no channels here, but one may invite to them. */
export const answerMex: IqHandler = (world, { child, from }) => {
  if (child?.tag !== "query") return "unhandled";
  const variables = variablesOf(bytesOf(child));
  switch (child.attrs["query_id"]) {
    case adminInvite:
      return inviteAdmin(world, variables);
    case aboutText:
      return changeAbout(world, from.person, variables);
    case formerChannel:
      return world.behaviour.channelQueries === "rotated" ? badRequest : answer({ data: { xwa2_newsletter: null } });
    case reachLock:
      return answer({ data: { xwa2_fetch_account_reachout_timelock: lockWords(world, from.person) } });
    case newChatQuota:
      return answer({ data: { xwa2_message_capping_info: quotaWords(world, from.person) } });
    default:
      return "unhandled";
  }
};

const maxAboutBytes = 2048;

function changeAbout(world: World, person: Person, { input }: Readonly<Record<string, unknown>>): IqAnswer {
  const { text = "" } = Object(input);
  // WhatsApp protocol: no text at all takes it away.
  if (text !== null && (typeof text !== "string" || Buffer.byteLength(text) > maxAboutBytes)) return badRequest;
  setAbout(world, person, text ?? "");
  return answer({ data: { xwa2_update_text_status: { result: "SUCCESS" } } });
}

function inviteAdmin(world: World, variables: Readonly<Record<string, unknown>>): IqAnswer {
  const { newsletter_id: newsletter, user_id: user } = variables;
  const invited = typeof user === "string" ? world.directory.find(user) : undefined;
  if (typeof newsletter !== "string" || !newsletter.endsWith("@newsletter") || invited?.onWhatsApp !== true) {
    return answer({ errors: [{ message: "Bad Request", extensions: { error_code: 400 } }] });
  }
  const invite = { id: newsletter, invite_expiration_time: world.seconds() + inviteDays * daySeconds };
  return answer({ data: { xwa2_newsletter_admin_invite_create: invite } });
}

function answer(body: unknown): { readonly content: readonly ReturnType<typeof stanza>[] } {
  return { content: [stanza("result", {}, Buffer.from(JSON.stringify(body)))] };
}

function variablesOf(body: Uint8Array | undefined): Readonly<Record<string, unknown>> {
  const parsed: unknown = JSON.parse(Buffer.from(body ?? []).toString() || "{}");
  const variables: unknown = Object(parsed).variables;
  return typeof variables === "object" && variables !== null ? { ...variables } : {};
}
