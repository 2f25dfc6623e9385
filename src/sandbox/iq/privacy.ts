import { answerTokens } from "../reach/tokens.ts";
import { serverJid, childrenOf, stanza } from "../wire/stanza.ts";
import type { IqAnswer, IqHandler } from "./table.ts";

/** WhatsApp protocol: who may see or do what, and what holds until the account says otherwise. */
const categories: Readonly<Record<string, string>> = {
  readreceipts: "all",
  profile: "all",
  status: "all",
  online: "all",
  last: "all",
  groupadd: "all",
  calladd: "all",
  messages: "all",
};

/** Privacy settings and the tokens that contacts are given. */
export const answerPrivacy: IqHandler = (world, query) => {
  const { type, child, from } = query;
  const privacy = from.person.account?.privacy;
  if (child?.tag === "tokens") return answerTokens(world, query);
  if (child?.tag !== "privacy" || privacy === undefined) return "unhandled";
  if (type === "get") {
    const all = Object.entries({ ...categories, ...Object.fromEntries(privacy) });
    return {
      content: [
        stanza(
          "privacy",
          {},
          all.map(([name, value]) => stanza("category", { name, value })),
        ),
      ],
    };
  }
  const wanted = childrenOf(child, "category");
  if (wanted.some(({ attrs }) => !Object.hasOwn(categories, attrs["name"] ?? "") || attrs["value"] === undefined)) {
    return { error: 400, text: "bad-request" };
  }
  for (const { attrs } of wanted) privacy.set(attrs["name"] ?? "", attrs["value"] ?? "");
  world.changed();
  return { content: [child] };
};

const maxBlocked = 10_000;

/** Whom the account blocked: their messages do not arrive. */
export const answerBlocklist: IqHandler = (world, { type, node, from }) => {
  const { account } = from.person;
  if (account === undefined) return "unhandled";
  const { blocked } = account;
  if (type === "set") {
    for (const item of childrenOf(node, "item")) {
      const person = world.directory.identify(item.attrs["pn_jid"] ?? item.attrs["jid"] ?? "");
      if (person === undefined || blocked.size >= maxBlocked) return { error: 400, text: "bad-request" };
      if (item.attrs["action"] === "unblock") blocked.delete(person.number);
      else blocked.add(person.number);
      const attrs = { from: serverJid, type: "account_sync", id: "", t: world.seconds() };
      for (const other of from.person.companions.values()) {
        if (other === from) continue;
        world.post(other, stanza("notification", { ...attrs, id: world.nextId() }, [stanza("blocklist", {}, [item])]));
      }
    }
    world.changed();
  }
  const items = [...blocked].map((number) =>
    stanza("item", { jid: world.directory.person(number).lid.concat("@lid") }),
  );
  return { content: [stanza("list", {}, items)] };
};

/** How long messages of new chats live. */
export const answerDisappearing: IqHandler = (world, { type, child, from }): IqAnswer => {
  const { account } = from.person;
  const seconds = Number(child?.attrs["duration"] ?? Number.NaN);
  if (account === undefined || type !== "set" || !Number.isInteger(seconds) || seconds < 0) {
    return { error: 400, text: "bad-request" };
  }
  account.disappearing = { seconds, at: world.options.clock.now() };
  world.changed();
  return {};
};
