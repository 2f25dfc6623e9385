import type { BinaryNode } from "@whiskeysockets/baileys";
import type { IqAnswer, IqHandler, IqQuery } from "../iq/table.ts";
import { jidOf } from "../messages/envelope.ts";
import type { Person } from "../person.ts";
import { childrenOf, stanza } from "../wire/stanza.ts";
import type { World } from "../world.ts";
import { isAdmin, maxMembers, type Group } from "./group.ts";
import {
  changeMembers,
  decideRequests,
  joinByLink,
  leaveGroup,
  mayManage,
  welcome,
  type MemberAction,
  type MemberResult,
} from "./group-members.ts";
import { applySetting, maySet, settingOf } from "./group-settings.ts";
import { announce, groupNode, participantAttrs } from "./group-stanzas.ts";
import type { GroupStore } from "./group-store.ts";

/** Answers the queries of xmlns `w:g2`: what clients ask of groups and do to them. */
export function groupIqs(groups: GroupStore): IqHandler {
  return (world, query) => {
    const { node, type, child, from } = query;
    if (child === undefined) return "unhandled";
    const at: Asking = { world, groups, child, type, me: from.person };
    const general = anywhere[`${type} ${child.tag}`]?.(at);
    if (general !== undefined) return general;
    const group = groups.get(node.attrs["to"] ?? "");
    if (group === undefined) return node.attrs["to"] === "@g.us" ? "unhandled" : notFound;
    if (child.tag === "accept") return join(at, groups.byInvite(child.attrs["code"] ?? ""));
    if (!group.members.has(from.person.number)) return forbidden;
    return inGroup(at, group, query);
  };
}

/** Who asks what. */
interface Asking {
  readonly world: World;
  readonly groups: GroupStore;
  readonly child: BinaryNode;
  readonly type: string;
  readonly me: Person;
}

// WhatsApp protocol: 403 for those outside, 401 for those who are no admin.
const notFound: IqAnswer = { error: 404, text: "item-not-found" };
const forbidden: IqAnswer = { error: 403, text: "forbidden" };
const notAuthorized: IqAnswer = { error: 401, text: "not-authorized" };
const notAcceptable: IqAnswer = { error: 406, text: "not-acceptable" };
const badRequest: IqAnswer = { error: 400, text: "bad-request" };

/** Queries that name no group, or name it inside. Undefined: it is about the group it was sent to. */
const anywhere: Readonly<Record<string, (at: Asking) => IqAnswer | undefined>> = {
  "get participating": ({ world, groups, me }) => {
    const mine = groups.list().filter(({ members }) => members.has(me.number));
    const nodes = mine.map((group) => groupNode(world, group));
    return { content: [stanza("groups", {}, nodes)] };
  },
  "set create": create,
  "set leave": leave,
  "get invite": ({ world, groups, child }) => {
    const { code } = child.attrs;
    if (code === undefined) return undefined;
    const group = groups.byInvite(code);
    if (group === undefined) return notAcceptable;
    return { content: [groupNode(world, group, (number) => isAdmin(group, number))] };
  },
  "set invite": (at) => {
    const { code } = at.child.attrs;
    return code === undefined ? undefined : join(at, at.groups.byInvite(code));
  },
};

function create({ world, groups, child, me }: Asking): IqAnswer {
  const { subject = "", key } = child.attrs;
  const asked = childrenOf(child, "participant").map(({ attrs }) => attrs["jid"] ?? "");
  if (subject === "" || asked.length >= maxMembers) return badRequest;
  const members = asked.flatMap((jid) => world.directory.find(jid) ?? []);
  const at = world.seconds();
  const numbers = members.map(({ number }) => number);
  const group = groups.create({ creator: me.number, subject, members: numbers, addressing: "lid", at });
  world.changed();
  const missing = asked.filter((jid) => world.directory.find(jid) === undefined);
  const node = groupNode(world, group);
  const failed = missing.map((jid) => stanza("participant", { jid, error: 404 }));
  return {
    content: [stanza("group", node.attrs, [...childrenOf(node), ...failed])],
    after: () => {
      const people = [...group.members.keys()].map((number) => world.directory.person(number));
      welcome(world, { group, by: me, people }, { type: "new", ...(key !== undefined && { key }) });
    },
  };
}

function leave({ world, groups, child, me }: Asking): IqAnswer {
  const ids = childrenOf(child, "group").map(({ attrs }) => attrs["id"] ?? "");
  const left: (() => void)[] = [];
  const nodes = ids.map((id) => {
    const group = groups.get(id);
    if (group === undefined || !group.members.has(me.number)) return stanza("group", { id, error: 404 });
    left.push(leaveGroup(world, group, me).tell);
    return stanza("group", { id });
  });
  return {
    content: [stanza("leave", {}, nodes)],
    after: () => {
      for (const tell of left) tell();
    },
  };
}

function join({ world, me }: Asking, group: Group | undefined): IqAnswer {
  if (group === undefined) return notAcceptable;
  const joined = joinByLink(world, group, me);
  if ("error" in joined) return { error: joined.error, text: "conflict" };
  const tag = joined.joined === "asked" ? "membership_approval_request" : "group";
  return { content: [stanza(tag, { jid: group.jid })], after: joined.tell };
}

/** Queries of a member about its group. */
function inGroup(at: Asking, group: Group, query: IqQuery): IqAnswer {
  const { world, child, type, me } = at;
  if (type === "get") return read(at, group);
  if (isMemberAction(child.tag)) {
    if (!mayManage(group, me.number, child.tag)) return notAuthorized;
    const { people, unknown } = peopleIn(world, child);
    const { results, tell } = changeMembers(world, child.tag, { group, by: me, people });
    return { content: [resultNode(child.tag, group, { results, unknown })], after: tell };
  }
  if (child.tag === "membership_requests_action") return decide(at, group);
  const setting = settingOf(child);
  if (setting === undefined) return "unhandled";
  if (!maySet(group, me.number, setting === "invalid" ? { kind: "subject", text: "" } : setting)) return notAuthorized;
  if (setting === "invalid") return badRequest;
  const by = jidOf(me, group.addressing);
  const change = applySetting(group, setting, { number: me.number, by, at: world.seconds() });
  world.changed();
  return {
    content: setting.kind === "invite" ? [stanza("invite", { code: group.inviteCode })] : [],
    after: () => announce(world, { group, by: query.from.person }, change),
  };
}

function read({ world, child, me }: Asking, group: Group): IqAnswer {
  switch (child.tag) {
    case "query":
      return { content: [groupNode(world, group)] };
    case "invite":
      if (!isAdmin(group, me.number) && !group.membersAdd) return notAuthorized;
      return { content: [stanza("invite", { code: group.inviteCode })] };
    case "membership_approval_requests": {
      if (!isAdmin(group, me.number)) return notAuthorized;
      const asked = [...group.requests].map(([number, at]) => {
        const person = participantAttrs(group, world.directory.person(number));
        return stanza("membership_approval_request", { ...person, request_time: at, request_method: "InviteLink" });
      });
      return { content: [stanza("membership_approval_requests", {}, asked)] };
    }
    default:
      return "unhandled";
  }
}

function decide({ world, child, me }: Asking, group: Group): IqAnswer {
  const [action] = childrenOf(child);
  if (action === undefined || (action.tag !== "approve" && action.tag !== "reject")) return badRequest;
  if (!isAdmin(group, me.number)) return notAuthorized;
  const { people, unknown } = peopleIn(world, action);
  const { results, tell } = decideRequests(world, action.tag, { group, by: me, people });
  const node = resultNode(action.tag, group, { results, unknown });
  return { content: [stanza("membership_requests_action", {}, [node])], after: tell };
}

/** The people a query names, and the jids that mean nobody. */
function peopleIn(world: World, list: BinaryNode): { readonly people: Person[]; readonly unknown: readonly string[] } {
  const jids = childrenOf(list, "participant").map(({ attrs }) => attrs["jid"] ?? "");
  const found = jids.map((jid) => ({ jid, person: world.directory.find(jid) }));
  return {
    people: found.flatMap(({ person }) => person ?? []),
    unknown: found.flatMap(({ jid, person }) => (person === undefined ? [jid] : [])),
  };
}

function resultNode(
  tag: string,
  group: Group,
  named: { readonly results: readonly MemberResult[]; readonly unknown: readonly string[] },
): BinaryNode {
  const { results, unknown } = named;
  return stanza(tag, {}, [
    ...results.map(({ person, error }) => stanza("participant", { ...participantAttrs(group, person), error })),
    ...unknown.map((jid) => stanza("participant", { jid, error: 404 })),
  ]);
}

function isMemberAction(tag: string): tag is MemberAction {
  return tag === "add" || tag === "remove" || tag === "promote" || tag === "demote";
}
