import type { BinaryNode } from "@whiskeysockets/baileys";
import type { Companion } from "../companion.ts";
import type { IqAnswer, IqQuery } from "../iq/table.ts";
import { jidOf } from "../messages/envelope.ts";
import type { Person } from "../person.ts";
import { bytesOf, childOf, childrenOf, stanza } from "../wire/stanza.ts";
import type { World } from "../world.ts";
import { type PrivacyToken, remember, tokenFrom } from "./reach.ts";

/** What a message of this person to the account carries for the answers to it. */
export function tokenBeside(world: World, from: Person, to: Person): readonly BinaryNode[] {
  const { bytes, t } = tokenOf(world, { from, to, fresh: false });
  return [stanza("tctoken", { t }, bytes)];
}

/** This person gives the account a new token, and the account's devices are told. */
export function giveToken(world: World, from: Person, to: Person): void {
  const token = tokenOf(world, { from, to, fresh: true });
  const attrs = { from: jidOf(from, "pn"), sender_lid: jidOf(from, "lid"), type: "privacy_token", t: world.seconds() };
  for (const companion of to.companions.values()) {
    const tokens = stanza("tokens", {}, [tokenNode(to, token)]);
    world.post(companion, stanza("notification", { ...attrs, id: world.nextId() }, [tokens]));
  }
  world.changed();
}

/** A device confirmed a stanza: what token it brought is the device's from now on. */
export function noteToken(world: World, { person, id }: Companion, node: BinaryNode): void {
  const brought = childOf(node, "tctoken") ?? childOf(childOf(node, "tokens"), "token");
  const giver = brought === undefined ? undefined : world.directory.find(node.attrs["from"] ?? "");
  const t = Number(brought?.attrs["t"]);
  if (giver === undefined || !Number.isInteger(t)) return;
  const key = heldKey(id, giver.number);
  remember(person.reach.held, key, Math.max(t, person.reach.held.get(key) ?? 0));
}

/** Names the token of a person on a device. */
export function heldKey(device: number, number: string): string {
  return `${device} ${number}`;
}

/** Accounts give tokens, too; whoever gets one has it from the server, and the answer brings those that come back. */
export function answerTokens(world: World, { child, from }: IqQuery): IqAnswer {
  const back: BinaryNode[] = [];
  for (const { attrs } of childrenOf(child, "token")) {
    const person = world.directory.find(attrs["jid"] ?? "");
    if (person === undefined || person === from.person) continue;
    if (person.companions.size > 0) giveToken(world, from.person, person);
    const token = from.person.reach.tokens.get(person.number);
    if (token !== undefined) back.push(tokenNode(person, token));
  }
  return back.length === 0 ? {} : { content: [stanza("tokens", {}, back)] };
}

/** The bytes of the token that a client's message carries. */
export function carriedToken(node: BinaryNode): Uint8Array | undefined {
  return bytesOf(childOf(node, "tctoken"));
}

function tokenNode(person: Person, { bytes, t }: PrivacyToken): BinaryNode {
  return stanza("token", { jid: jidOf(person, "pn"), t, type: "trusted_contact" }, bytes);
}

function tokenOf(world: World, about: { readonly from: Person; readonly to: Person; readonly fresh: boolean }) {
  const { from, to, fresh } = about;
  return tokenFrom(to.reach, { number: from.number, seed: world.options.seed, now: world.seconds(), fresh });
}
