import { setBounded } from "../bounded.ts";
import { userJid } from "../jid.ts";
import { chatKindOf } from "../messages/route.ts";
import { bytesOf, stanza, textOf } from "../wire/stanza.ts";
import type { World } from "../world.ts";
import type { IqAnswer, IqHandler, IqQuery } from "./table.ts";

const maxPictures = 10_000;

/** Profile pictures of people and groups. Who has none is shown as having none. */
export const answerPicture: IqHandler = async (world, query) => {
  const { type, child, node, from } = query;
  const { target } = node.attrs;
  const jid = target === undefined ? userJid(from.person.number, "pn") : canonical(world, target);
  if (type === "get") {
    const picture = world.pictures.get(jid);
    if (picture?.directPath === undefined) return { error: 404, text: "item-not-found" };
    const { id, directPath } = picture;
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

const maxAboutBytes = 2048;

/** The account's about text. */
export const answerStatus: IqHandler = (world, { type, child, from }): IqAnswer => {
  const text = textOf(child);
  if (type !== "set" || child?.tag !== "status") return "unhandled";
  if (text === undefined || text.length > maxAboutBytes) return { error: 400, text: "bad-request" };
  from.person.about = { text, at: world.options.clock.now() };
  world.changed();
  return {};
};
