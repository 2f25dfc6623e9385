import type { BinaryNode } from "@whiskeysockets/baileys";
import type { Companion } from "../companion.ts";
import type { Identity } from "../directory.ts";
import { hostedDevice, userJid } from "../jid.ts";
import type { Person } from "../person.ts";
import { childOf, childrenOf, stanza, textOf } from "../wire/stanza.ts";
import type { World } from "../world.ts";
import { keyIndexList } from "./key-index-list.ts";
import type { IqHandler } from "./table.ts";

/** Who is who: whether numbers are on WhatsApp, their LIDs, devices, about texts. Nobody becomes known by being asked for. */
export const answerUsync: IqHandler = (world, { type, child: usync, node, from }) => {
  if (type !== "get" || usync?.tag !== "usync") return "unhandled";
  const wanted = childrenOf(childOf(usync, "query"));
  const strange = wanted.find(({ tag }) => !Object.hasOwn(protocols, tag));
  if (strange !== undefined) world.trace.unhandled(from.person.number, node);
  const users = childrenOf(childOf(usync, "list"), "user").map((user) => answerUser(world, { wanted, from }, user));
  const { sid, mode, context } = usync.attrs;
  const result = stanza(
    "result",
    {},
    wanted.map(({ tag }) => (tag in protocols ? stanza(tag) : unknownProtocol(tag))),
  );
  return {
    content: [stanza("usync", { sid, mode, context, index: 0, last: "true" }, [result, stanza("list", {}, users)])],
  };
};

const unknownProtocol = (tag: string): BinaryNode =>
  stanza(tag, {}, [stanza("error", { code: 501, text: "feature-not-implemented" })]);

/** Whom one `user` of the query means. */
interface Asked {
  /** Undefined: there is nobody. */
  readonly identity: Identity | undefined;
  /** Undefined also for those who are on WhatsApp and were never spoken of. */
  readonly person: Person | undefined;
  readonly contact: BinaryNode | undefined;
  readonly seconds: number;
  /** The asking account does not hear of this person's devices, as long as it uses the number. */
  readonly hidesDevices: boolean;
}

function answerUser(
  world: World,
  { wanted, from }: { readonly wanted: readonly BinaryNode[]; readonly from: Companion },
  user: BinaryNode,
): BinaryNode {
  const contact = childOf(user, "contact");
  const phone = textOf(contact)?.replaceAll(/\D/g, "");
  const jid = user.attrs["jid"] ?? childOf(user, "lid")?.attrs["jid"] ?? userJid(phone ?? "", "pn");
  const found = world.directory.identify(jid);
  const identity = found !== undefined && world.directory.isOnWhatsApp(found.number) ? found : undefined;
  const person = identity === undefined ? undefined : world.directory.known(identity.number);
  const byNumber = identity?.addressing === "pn";
  const hidesDevices =
    world.behaviour.numberDevices === "none" &&
    byNumber &&
    from.person.lidMigrated &&
    identity.number !== from.person.number;
  const asked = { identity, person, contact, seconds: world.seconds(), hidesDevices };
  const shown = byNumber ? userJid(identity.number, "pn") : jid;
  const children = wanted.flatMap(({ tag }) => protocols[tag as keyof typeof protocols]?.(asked) ?? []);
  const name = byNumber && world.behaviour.usyncName === "pn_jid" ? "pn_jid" : "jid";
  return stanza("user", { [name]: shown }, children);
}

/** WhatsApp protocol: what can be asked about a person. */
const protocols = {
  contact: ({ identity, contact }: Asked) =>
    stanza("contact", { type: identity === undefined ? "out" : "in" }, textOf(contact)),
  devices: ({ identity, person, seconds, hidesDevices }: Asked) => {
    if (identity === undefined) return undefined;
    if (hidesDevices) return stanza("devices", {}, [stanza("device-list")]);
    const ids =
      person === undefined
        ? [0]
        : [...person.devices.keys(), ...person.companions.keys(), ...person.staleDevices.keys()].sort((a, b) => a - b);
    const devices = ids.map((id) =>
      // WhatsApp protocol: only this says that the device is found at the servers of providers.
      stanza("device", {
        id,
        "key-index": id === 0 ? undefined : id,
        is_hosted: id === hostedDevice ? "true" : undefined,
      }),
    );
    const indexes = person === undefined ? undefined : keyIndexList(person, seconds);
    return stanza("devices", {}, [stanza("device-list", {}, devices), ...(indexes === undefined ? [] : [indexes])]);
  },
  lid: ({ identity }: Asked) =>
    identity === undefined || identity.addressing === "lid"
      ? undefined
      : stanza("lid", { val: userJid(identity.lid, "lid") }),
  status: ({ identity, person }: Asked) =>
    identity === undefined
      ? undefined
      : stanza("status", { t: Math.floor((person?.about.at ?? 0) / 1000) }, Buffer.from(person?.about.text ?? "")),
  disappearing_mode: ({ identity, person }: Asked) => {
    if (identity === undefined) return undefined;
    const { seconds = 0, at = 0 } = person?.account?.disappearing ?? {};
    return stanza("disappearing_mode", { duration: seconds, t: Math.floor(at / 1000) });
  },
  /** Nobody here has a user name. */
  username: () => undefined,
} satisfies Readonly<Record<string, (asked: Asked) => BinaryNode | undefined>>;
