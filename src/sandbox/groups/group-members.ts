import type { BinaryNode } from "@whiskeysockets/baileys";
import type { Person } from "../person.ts";
import { stanza } from "../wire/stanza.ts";
import type { World } from "../world.ts";
import { isAdmin, maxMembers, type Group } from "./group.ts";
import { announce, groupNode, participantAttrs, participantNode } from "./group-stanzas.ts";

/** What can happen to members. */
export type MemberAction = "add" | "remove" | "promote" | "demote";

/** What became of one person: done, or the code of why not. */
export interface MemberResult {
  readonly person: Person;
  readonly error: number | undefined;
}

/** Who did something, and to whom it happened. */
interface MemberChange {
  readonly group: Group;
  readonly by: Person;
  readonly people: readonly Person[];
}

/** Whether this member may do that to others. */
export function mayManage(group: Group, number: string, action: MemberAction): boolean {
  return isAdmin(group, number) || (action === "add" && group.membersAdd && group.members.has(number));
}

/** Changes the members. Answers what became of each person, and how to tell the clients once the caller is answered. */
export function changeMembers(
  world: World,
  action: MemberAction,
  change: MemberChange,
): { readonly results: readonly MemberResult[]; readonly tell: () => void } {
  const { group, by, people } = change;
  const before = [...group.members.keys()];
  const results = people.map((person) => ({ person, error: changeMember(group, action, person.number) }));
  const done = results.flatMap(({ person, error }) => (error === undefined ? [person] : []));
  const nodes = done.map((person) =>
    action === "remove"
      ? stanza("participant", participantAttrs(group, person))
      : participantNode(world, group, person.number),
  );
  world.changed();
  const tell = (): void => {
    if (done.length === 0) return;
    announce(world, { group, by, to: before }, stanza(action, {}, nodes));
    if (action === "add") welcome(world, { group, by, people: done }, {});
  };
  return { results, tell };
}

/** Does it to one person; the code says why it was not done. */
function changeMember(group: Group, action: MemberAction, number: string): number | undefined {
  const { members, requests } = group;
  const role = members.get(number);
  if (action === "add") {
    if (role !== undefined) return errors.there;
    if (members.size >= maxMembers) return errors.full;
    members.set(number, "member");
    requests.delete(number);
    return undefined;
  }
  if (role === undefined) return errors.notFound;
  // The creator stays what it is.
  if (role === "superadmin") return errors.notAcceptable;
  if (action === "remove") members.delete(number);
  else members.set(number, action === "promote" ? "admin" : "member");
  return undefined;
}

const errors = { notFound: 404, notAcceptable: 406, there: 409, full: 419 };

/** WhatsApp protocol: who is new in a group gets the whole of it, as if it had just been made. */
export function welcome(world: World, { group, by, people }: MemberChange, attrs: BinaryNode["attrs"]): void {
  const to = people.map(({ number }) => number);
  announce(world, { group, by, to }, stanza("create", attrs, [groupNode(world, group)]));
}

/** Somebody goes. When no admin is left, the one who has been there longest becomes one. */
export function leaveGroup(world: World, group: Group, person: Person): { readonly tell: () => void } {
  const to = [...group.members.keys()];
  group.members.delete(person.number);
  const heir = [...group.members.keys()].some((number) => isAdmin(group, number)) ? undefined : nextInLine(group);
  if (heir !== undefined) group.members.set(heir, "admin");
  world.changed();
  const tell = (): void => {
    const gone = stanza("remove", {}, [stanza("participant", participantAttrs(group, person))]);
    announce(world, { group, by: person, to }, gone);
    if (heir !== undefined) {
      const promoted = stanza("promote", {}, [participantNode(world, group, heir)]);
      announce(world, { group, by: world.directory.person(heir) }, promoted);
    }
  };
  return { tell };
}

const nextInLine = ({ members }: Group): string | undefined => members.keys().next().value;

/** Somebody comes by the invite link: in at once, or on the list of those who asked. Answers an error code if neither. */
export function joinByLink(
  world: World,
  group: Group,
  person: Person,
): { readonly joined: "member" | "asked"; readonly tell: () => void } | { readonly error: number } {
  if (group.members.has(person.number)) return { error: errors.there };
  if (group.joinApproval) return { joined: "asked", tell: askToJoin(world, group, person) };
  if (group.members.size >= maxMembers) return { error: errors.full };
  const before = [...group.members.keys()];
  group.members.set(person.number, "member");
  world.changed();
  const tell = (): void => {
    const added = stanza("add", { reason: "invite" }, [participantNode(world, group, person.number)]);
    announce(world, { group, by: person, to: before }, added);
    welcome(world, { group, by: person, people: [person] }, { reason: "invite" });
  };
  return { joined: "member", tell };
}

/** Puts somebody on the list of those who asked; the admins are told. */
export function askToJoin(world: World, group: Group, person: Person): () => void {
  const isNew = !group.requests.has(person.number);
  group.requests.set(person.number, world.seconds());
  world.changed();
  return () => {
    if (!isNew) return;
    const asked = stanza("created_membership_requests", { request_method: "invite_link" }, [
      stanza("requested_user", participantAttrs(group, person)),
    ]);
    announce(world, { group, by: person, to: adminsOf(group) }, asked);
  };
}

/** An admin lets people in, or not. Answers what became of each. */
export function decideRequests(
  world: World,
  decision: "approve" | "reject",
  change: MemberChange,
): { readonly results: readonly MemberResult[]; readonly tell: () => void } {
  const { group, by, people } = change;
  const asked = people.filter(({ number }) => group.requests.has(number));
  for (const { number } of asked) group.requests.delete(number);
  const unknown = people.flatMap((person) => (asked.includes(person) ? [] : [{ person, error: errors.notFound }]));
  if (decision === "approve") {
    const { results, tell } = changeMembers(world, "add", { group, by, people: asked });
    return { results: [...results, ...unknown], tell };
  }
  world.changed();
  const nodes = asked.map((person) => stanza("participant", participantAttrs(group, person)));
  const tell = (): void => {
    if (nodes.length === 0) return;
    announce(world, { group, by, to: adminsOf(group) }, stanza("revoked_membership_requests", {}, nodes));
  };
  return { results: [...asked.map((person) => ({ person, error: undefined })), ...unknown], tell };
}

const adminsOf = (group: Group): readonly string[] =>
  [...group.members.keys()].filter((number) => isAdmin(group, number));
