import { randomBytes } from "node:crypto";
import { stanza } from "../wire/stanza.ts";
import type { IqHandler } from "./table.ts";

/** Taken note of, nothing to say. */
export const answerEmpty: IqHandler = () => ({});

/** WhatsApp protocol: switches of the server, by number. */
const switches = [
  // One-to-one messages carry the privacy token of the contact when the client has one.
  [10518, 1],
] as const;

/** WhatsApp protocol: whether chats between two people are addressed by LID. */
const lidChats = 9435;

/** Server properties. */
export const answerProps: IqHandler = (_world, { type, from }) => {
  if (type !== "get") return "unhandled";
  const all = [...switches, [lidChats, from.person.lidMigrated ? 1 : 0]] as const;
  const props = all.map(([code, value]) => stanza("prop", { config_code: code, config_value: value }));
  const attrs = { protocol: 1, ab_key: "sandbox", hash: "sandbox", refresh: 86_400, refresh_id: 1 };
  return { content: [stanza("props", attrs, props)] };
};

/** Where files go; the token names the account, so that faults can tell whose upload it is. */
export const answerMediaConnection: IqHandler = (world, { child, from }) => {
  if (child?.tag !== "media_conn") return "unhandled";
  const auth = `${from.person.number}.${randomBytes(24).toString("base64url")}`;
  const attrs = { auth, ttl: 3600, auth_ttl: 21_600, max_buckets: 12, id: 1 };
  const host = stanza("host", { hostname: world.media.host, type: "primary", maxContentLengthBytes: 2_147_483_648 });
  return { content: [stanza("media_conn", attrs, [host])] };
};
