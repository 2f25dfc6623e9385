import { canonicalJid, isLidJid, isPersonJid } from "#domain/jid.ts";
import type { LiveSocket } from "../live-socket.ts";
import { askLid, namesHere, namesOf, type PersonNames, type RecipientDeps } from "../recipient.ts";
import { type ChatFormDeps, receivedForm, sentForm } from "./chat-form.ts";
import { chooseForm, type Form } from "./form.ts";

/** What finding an address works with. */
export type AddressDeps = RecipientDeps & ChatFormDeps;

/** How a chat is written to. */
export interface Address {
  /** JID that stanzas are addressed to. */
  readonly jid: string;
  /** JID the chat is kept under here: of a person by number, when it is known. */
  readonly chat: string;
  /** Of a person: by which name, and both of them. */
  readonly person?: { readonly form: Form; readonly names: PersonNames };
}

/** A chat to be written to. */
export interface AddressInput {
  readonly instanceId: string;
  readonly socket: Pick<LiveSocket, "sock" | "own" | "migration">;
  readonly to: string;
  /** By this name if the person has it; unset: by the one that the chat or the account is known to want. */
  readonly form?: Form | undefined;
}

/**
 * Where to write to reach a chat. Groups and channels have one name; people have two, and WhatsApp refuses the one that
 * the account's chats do not have. Throws `number_not_on_whatsapp`.
 */
export async function addressOf(deps: AddressDeps, input: AddressInput): Promise<Address> {
  return await resolve(deps, input, (jid) => namesOf(deps, { ...input, jid }));
}

/** The same without a query to WhatsApp, for what must not wait: a number nobody asked about stays as it is. */
export async function addressHere(deps: AddressDeps, input: AddressInput): Promise<Address> {
  return await resolve(deps, input, (jid) => namesHere(deps, { ...input, jid }));
}

async function resolve(
  deps: AddressDeps,
  input: AddressInput,
  look: (jid: string) => Promise<PersonNames>,
): Promise<Address> {
  const to = canonicalJid(input.to);
  if (!isPersonJid(to) && !isLidJid(to)) return { jid: to, chat: to };
  const names = await look(to);
  const chat = names.pn ?? names.lid ?? to;
  const form = input.form ?? (await formOf(deps, { ...input, chat, names }));
  return addressBy(form, { chat, names });
}

async function formOf(
  deps: AddressDeps,
  input: AddressInput & { readonly chat: string; readonly names: PersonNames },
): Promise<Form> {
  const { instanceId, socket, chat, names } = input;
  if (names.pn === undefined) return "lid";
  if (names.lid === undefined) return "pn";
  const where = { instanceId, chatId: chat };
  const account = socket.migration.current();
  const sent = await sentForm(deps, where);
  const isEnough = sent !== undefined && sent.at >= (account?.at ?? 0);
  return chooseForm({ sent, received: isEnough ? undefined : await receivedForm(deps, where), account });
}

function addressBy(form: Form, { chat, names }: { readonly chat: string; readonly names: PersonNames }): Address {
  const wanted = names[form];
  const other: Form = form === "pn" ? "lid" : "pn";
  return wanted === undefined
    ? { jid: names[other] ?? chat, chat, person: { form: other, names } }
    : { jid: wanted, chat, person: { form, names } };
}

/** The same person by the other name; a LID that is not known yet is asked for. Undefined when there is none. */
export async function otherAddress(address: Address, socket: Pick<LiveSocket, "sock">): Promise<Address | undefined> {
  const { person, chat } = address;
  if (person === undefined) return undefined;
  const { form, names } = person;
  if (form === "lid") return names.pn === undefined ? undefined : addressBy("pn", { chat, names });
  const lid = names.lid ?? (names.pn === undefined ? undefined : await askLid(socket, names.pn));
  return lid === undefined ? undefined : addressBy("lid", { chat, names: { ...names, lid } });
}

/** WhatsApp protocol: beside a LID the number is named, so that the recipient's devices find the chat (whatsmeow 4f8f64e0). */
export function addressAttributes({ person }: Address): Readonly<Record<string, string>> {
  const pn = person?.form === "lid" ? person.names.pn : undefined;
  return pn === undefined ? {} : { peer_recipient_pn: pn };
}
