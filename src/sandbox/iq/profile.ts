import { setBounded } from "../bounded.ts";
import { userJid } from "../jid.ts";
import { chatKindOf } from "../messages/route.ts";
import type { Person } from "../person.ts";
import { bytesOf, stanza, textOf } from "../wire/stanza.ts";
import type { Picture, World } from "../world.ts";
import { defaultPicture } from "./default-picture.ts";
import type { IqAnswer, IqHandler, IqQuery } from "./table.ts";

const maxPictures = 10_000;

/** Profile pictures of people and groups. Contacts always have one; accounts and groups have none until one is set. */
export const answerPicture: IqHandler = async (world, query) => {
  const { type, child, node, from } = query;
  const { target } = node.attrs;
  const jid = target === undefined ? userJid(from.person.number, "pn") : canonical(world, target);
  if (type === "get") {
    const { id, directPath } = world.pictures.get(jid) ?? (await contactPicture(world, jid)) ?? {};
    if (directPath === undefined) return { error: 404, text: "item-not-found" };
    const url = `https://${world.media.host}${directPath}`;
    return { content: [stanza("picture", { id, type: child?.attrs["type"], url, direct_path: directPath })] };
  }
  const bytes = bytesOf(child);
  const id = String(world.options.clock.now());
  const stored = bytes === undefined ? undefined : await world.media.put(bytes);
  setBounded(world.pictures, { key: jid, value: { id, directPath: stored?.directPath } }, maxPictures);
  announcePicture(world, query, { jid, id, isSet: stored !== undefined });
  world.changed();
  return { content: stored === undefined ? [] : [stanza("picture", { id })] };
};

async function contactPicture(world: World, jid: string): Promise<Picture | undefined> {
  const identity = world.directory.identify(jid);
  if (identity === undefined || !world.directory.isOnWhatsApp(identity.number)) return undefined;
  if (world.directory.known(identity.number)?.account !== undefined) return undefined;
  const { directPath } = await world.media.put(defaultPicture);
  const picture = { id: "1", directPath };
  setBounded(world.pictures, { key: jid, value: picture }, maxPictures);
  return picture;
}

/** The same person has one picture under both addresses. */
function canonical(world: World, jid: string): string {
  const identity = world.directory.identify(jid);
  return identity === undefined ? jid : userJid(identity.number, "pn");
}

function announcePicture(
  world: World,
  { from }: IqQuery,
  picture: { readonly jid: string; readonly id: string; readonly isSet: boolean },
): void {
  const { jid, id, isSet } = picture;
  const author = userJid(from.person.number, "pn");
  const child = stanza(isSet ? "set" : "delete", { jid, id: isSet ? id : undefined, author });
  for (const companion of chatKindOf(world, jid)?.audience(jid, from.person) ?? []) {
    if (companion === from) continue;
    const attrs = { from: jid, type: "picture", id: world.nextId(), t: world.seconds() };
    world.post(companion, stanza("notification", attrs, [child]));
  }
}

/** Somebody shows another picture (the same bytes, under a new id): all linked devices hear of it, the own ones too. */
export async function renewPicture(world: World, person: Person): Promise<void> {
  const jid = userJid(person.number, "pn");
  const id = String(world.options.clock.now());
  const { directPath } = await world.media.put(defaultPicture);
  setBounded(world.pictures, { key: jid, value: { id, directPath } }, maxPictures);
  for (const other of world.directory.people()) {
    for (const companion of other.companions.values()) {
      const attrs = { from: jid, type: "picture", id: world.nextId(), t: world.seconds() };
      world.post(companion, stanza("notification", attrs, [stanza("set", { jid, id, author: jid })]));
    }
  }
}

const maxAboutBytes = 2048;

/** The account's about text, and who sees its posts: nothing was ever set, so all contacts. */
export const answerStatus: IqHandler = (world, { type, child, from }): IqAnswer => {
  if (type === "get" && child?.tag === "privacy") return { error: 404, text: "item-not-found" };
  const text = textOf(child);
  if (type !== "set" || child?.tag !== "status") return "unhandled";
  if (text === undefined || text.length > maxAboutBytes) return { error: 400, text: "bad-request" };
  if (world.behaviour.aboutText === "iq") setAbout(world, from.person, text);
  return {};
};

/** Everybody who may see it sees this text from now on. */
export function setAbout(world: World, person: Person, text: string): void {
  person.about = { text, at: world.options.clock.now() };
  world.changed();
}
