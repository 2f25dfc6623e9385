import type { BinaryNode } from "@whiskeysockets/baileys";
import { jidOf } from "../messages/envelope.ts";
import type { Person } from "../person.ts";
import { stanza } from "../wire/stanza.ts";
import type { World } from "../world.ts";
import type { Group } from "./group.ts";

/**
 * How a stanza in a group names somebody by both addresses: `jid` in the group's own, the other one beside it. Of
 * whoever has a username only the LID is told.
 */
export function participantAttrs(
  group: Group,
  person: Pick<Person, "number" | "lid" | "username">,
): Record<string, string> {
  const { username } = person;
  if (username !== undefined) return { jid: jidOf(person, "lid"), username };
  return group.addressing === "lid"
    ? { jid: jidOf(person, "lid"), phone_number: jidOf(person, "pn") }
    : { jid: jidOf(person, "pn"), lid: jidOf(person, "lid") };
}

/** Nobody is shown the number of whoever has a username, also where it stands for a name. */
function shownName({ name, number, username }: Person): string {
  return username !== undefined && name.includes(number) ? username : name;
}

/** How a message or notification in a group names who it is from. */
export function authorAttrs(group: Pick<Group, "addressing">, person: Person, device = 0): Record<string, string> {
  if (person.username !== undefined) {
    const hidden = { participant: jidOf(person, "lid", device), participant_username: person.username };
    return { ...hidden, addressing_mode: "lid", notify: shownName(person) };
  }
  const participant = jidOf(person, group.addressing, device);
  const named = { participant, addressing_mode: group.addressing, notify: person.name };
  return group.addressing === "lid"
    ? { ...named, participant_pn: jidOf(person, "pn") }
    : { ...named, participant_lid: jidOf(person, "lid") };
}

/** One member, as lists of members carry it. */
export function participantNode(world: World, group: Group, number: string): BinaryNode {
  const role = group.members.get(number);
  const type = role === "member" ? undefined : role;
  return stanza("participant", { ...participantAttrs(group, world.directory.person(number)), type });
}

/** The whole group: what it is called, how it is set, and who is in it. `shows` narrows the list of members. */
export function groupNode(world: World, group: Group, shows: (number: string) => boolean = () => true): BinaryNode {
  const { addressing, subject, description, members, createdAt } = group;
  const isHidden = (person: Person): boolean => person.username !== undefined;
  const nameOf = (number: string): string => {
    const person = world.directory.person(number);
    return jidOf(person, isHidden(person) ? "lid" : addressing);
  };
  const numberOf = (number: string): string | undefined => {
    const person = world.directory.person(number);
    return addressing === "lid" && !isHidden(person) ? jidOf(person, "pn") : undefined;
  };
  const attrs = {
    id: group.jid.replace("@g.us", ""),
    subject: subject.text,
    s_t: subject.at,
    s_o: nameOf(subject.by),
    s_o_pn: numberOf(subject.by),
    creation: createdAt,
    creator: nameOf(group.creator),
    creator_pn: numberOf(group.creator),
    size: members.size,
    addressing_mode: addressing,
  };
  const shown = [...members.keys()].filter(shows).map((number) => participantNode(world, group, number));
  const about =
    description === undefined
      ? []
      : [
          stanza(
            "description",
            {
              id: description.id,
              t: description.at,
              participant: nameOf(description.by),
              participant_pn: numberOf(description.by),
            },
            [stanza("body", {}, Buffer.from(description.text))],
          ),
        ];
  return stanza("group", attrs, [...about, ...settingNodes(group), ...shown]);
}

/** What is not as in a new group. */
function settingNodes({ announce, locked, ephemeralSeconds, joinApproval, membersAdd }: Group): BinaryNode[] {
  return [
    ...(announce ? [stanza("announcement")] : []),
    ...(locked ? [stanza("locked")] : []),
    ...(ephemeralSeconds > 0 ? [stanza("ephemeral", { expiration: ephemeralSeconds })] : []),
    ...(joinApproval ? [joinApprovalNode(true)] : []),
    memberAddNode(membersAdd),
  ];
}

/** Whether admins have to let people in. */
export function joinApprovalNode(isOn: boolean): BinaryNode {
  return stanza("membership_approval_mode", {}, [stanza("group_join", { state: isOn ? "on" : "off" })]);
}

/** Who may add people. */
export function memberAddNode(isEverybody: boolean): BinaryNode {
  return stanza("member_add_mode", {}, Buffer.from(isEverybody ? "all_member_add" : "admin_add"));
}

/** Tells the clients of these people (default: all members) what somebody did in the group. */
export function announce(
  world: World,
  told: { readonly group: Group; readonly by: Person; readonly to?: Iterable<string> },
  change: BinaryNode,
): void {
  const { group, by, to = group.members.keys() } = told;
  for (const number of new Set(to)) {
    for (const companion of world.directory.person(number).companions.values()) {
      const attrs = { from: group.jid, type: "w:gp2", id: world.nextId(), t: world.seconds() };
      world.post(companion, stanza("notification", { ...attrs, ...authorAttrs(group, by) }, [change]));
    }
  }
}
