import type { BinaryNode } from "@whiskeysockets/baileys";
import type { PersonRef } from "#domain/captured.ts";
import { sameJid } from "#domain/jid.ts";
import { childOf, childrenOf, textOf } from "./node.ts";

/** One change of a group as its notification says it. */
export interface GroupChange {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly participant?: PersonRef;
  readonly code?: string;
  readonly requestMethod?: string;
  readonly linkMode?: string;
  /** New name of the group. */
  readonly subject?: string;
}

/** Who is named by a node; the number of a LID stands beside it. */
export type People = (node: BinaryNode) => Promise<PersonRef>;

/**
 * Reads one child of a group notification. WhatsApp protocol: the tag says
 * what changed, `participant` children whom it concerns.
 */
export async function groupChangeOf(
  child: BinaryNode,
  actor: PersonRef | undefined,
  people: People,
): Promise<GroupChange> {
  return (await membersChange(child, actor, people)) ?? settingChange(child, actor) ?? unknownChange(child, actor);
}

/**
 * A change that is younger than this program (a group that is suspended, that may not grow, whose history is shared…):
 * under WhatsApp's word for it, with what it says word for word.
 */
function unknownChange(child: BinaryNode, actor: PersonRef | undefined): GroupChange {
  const said = Object.entries(child.attrs).map(([name, value]) => `${name}=${value}`);
  const text = textOf(child);
  const inner = childrenOf(child).map(({ tag, attrs, ...rest }) => {
    const words = textOf({ tag, attrs, ...rest });
    return JSON.stringify({ tag, ...attrs, ...(words === "" ? {} : { text: words }) });
  });
  return {
    name: `GROUP_${child.tag.toUpperCase().replaceAll(/[^A-Z\d]+/g, "_")}`,
    parameters: [...said, ...(text === "" ? [] : [text]), ...inner],
    ...(actor === undefined ? {} : { participant: actor }),
  };
}

/**
 * What a notification without any change says: a novelty in its own attributes or words; undefined when it has none.
 * WhatsApp protocol: all other attributes say from whom, when and where it comes.
 */
export function bareChangeOf(node: BinaryNode, actor: PersonRef | undefined): GroupChange | undefined {
  const attrs = Object.fromEntries(Object.entries(node.attrs).filter(([name]) => !ofEveryNotice.has(name)));
  const change = unknownChange({ ...node, tag: "other", attrs }, actor);
  return change.parameters.length === 0 ? undefined : change;
}

const ofEveryNotice: ReadonlySet<string> = new Set([
  "id",
  "from",
  "to",
  "type",
  "t",
  "offline",
  "notify",
  "addressing_mode",
  "participant",
  "participant_pn",
  "participant_lid",
  "participant_username",
  "username",
]);

async function membersChange(
  child: BinaryNode,
  actor: PersonRef | undefined,
  people: People,
): Promise<GroupChange | undefined> {
  const named = await Promise.all(
    childrenOf(child)
      .filter(({ attrs }) => attrs["jid"] !== undefined)
      .map(people),
  );
  const members = named.map(phoneOfPerson);
  const [first] = named;
  const author = actor === undefined ? {} : { participant: actor };
  switch (child.tag) {
    case "create": {
      const subject = childOf(child, "group")?.attrs["subject"] ?? child.attrs["subject"] ?? "";
      return { name: "GROUP_CREATE", parameters: [subject], subject, ...author };
    }
    case "add":
      return {
        name: child.attrs["reason"] === "invite" ? "GROUP_PARTICIPANT_INVITE" : "GROUP_PARTICIPANT_ADD",
        parameters: members,
      };
    case "leave":
    case "remove": {
      const left = child.tag === "leave" || (named.length === 1 && first !== undefined && samePerson(first, actor));
      if (!left) return { name: "GROUP_PARTICIPANT_REMOVE", parameters: members, ...author };
      const who = first ?? actor;
      return {
        name: "GROUP_PARTICIPANT_LEAVE",
        parameters: who === undefined ? [] : [phoneOfPerson(who)],
        ...(who === undefined ? {} : { participant: who }),
      };
    }
    case "promote":
      return { name: "GROUP_PARTICIPANT_PROMOTE", parameters: members, ...author };
    case "demote":
      return { name: "GROUP_PARTICIPANT_DEMOTE", parameters: members, ...author };
    case "modify": {
      const before = actor === undefined ? [] : [phoneOfPerson(actor)];
      const parameters = members.length > 1 ? members : [...before, ...members];
      return { name: "GROUP_PARTICIPANT_CHANGE_NUMBER", parameters, ...author };
    }
    case "created_membership_requests": {
      const method = child.attrs["request_method"] ?? "invite_link";
      const requester = first ?? actor;
      const addedBy = method === "non_admin_add" && actor !== undefined ? [phoneOfPerson(actor)] : [];
      const requesters = members.length > 0 ? members : requester === undefined ? [] : [phoneOfPerson(requester)];
      return {
        name: "MEMBERSHIP_APPROVAL_REQUEST",
        parameters: [...requesters, ...addedBy],
        requestMethod: method === "non_admin_add" ? method : "invite_link",
        ...(requester === undefined ? {} : { participant: requester }),
      };
    }
    case "revoked_membership_requests": {
      const requester = first ?? actor;
      const parameters = members.length > 0 ? members : requester === undefined ? [] : [phoneOfPerson(requester)];
      const participant = requester === undefined ? {} : { participant: requester };
      return { name: "REVOKED_MEMBERSHIP_REQUESTS", parameters, ...participant };
    }
    default:
      return undefined;
  }
}

function settingChange(child: BinaryNode, actor: PersonRef | undefined): GroupChange | undefined {
  const author = actor === undefined ? {} : { participant: actor };
  switch (child.tag) {
    case "subject": {
      const subject = child.attrs["subject"] ?? "";
      return { name: "GROUP_CHANGE_SUBJECT", parameters: [subject], subject, ...author };
    }
    case "description":
      return { name: "GROUP_CHANGE_DESCRIPTION", parameters: [textOf(childOf(child, "body"))], ...author };
    case "announcement":
    case "not_announcement":
      return { name: "GROUP_CHANGE_ANNOUNCE", parameters: [String(child.tag === "announcement")], ...author };
    case "locked":
    case "unlocked":
      return { name: "GROUP_CHANGE_RESTRICT", parameters: [String(child.tag === "locked")], ...author };
    case "ephemeral":
      return {
        name: "CHANGE_EPHEMERAL_SETTING",
        parameters: ["true", child.attrs["expiration"] ?? "0"],
        ...author,
      };
    case "not_ephemeral":
      return { name: "CHANGE_EPHEMERAL_SETTING", parameters: ["false"], ...author };
    case "invite": {
      const code = `https://chat.whatsapp.com/${child.attrs["code"] ?? ""}`;
      return { name: "GROUP_CHANGE_INVITE_LINK", parameters: [code], code, ...author };
    }
    case "member_add_mode":
      return { name: "GROUP_MEMBER_ADD_MODE", parameters: [textOf(child)], ...author };
    case "membership_approval_mode": {
      const on = childOf(child, "group_join")?.attrs["state"] === "on";
      return { name: "GROUP_MEMBERSHIP_JOIN_APPROVAL_MODE", parameters: [String(on)], ...author };
    }
    case "member_link_mode": {
      const linkMode = (textOf(child) || (child.attrs["mode"] ?? "")).toUpperCase();
      return { name: "GROUP_MEMBER_LINK_PROPERTY_UPDATE", parameters: [], linkMode, ...author };
    }
    case "delete": {
      const reason = child.attrs["reason"];
      return { name: "GROUP_DELETE", parameters: reason === undefined ? [] : [reason], ...author };
    }
    case "link":
    case "unlink": {
      const kind = (child.attrs["link_type"] ?? child.attrs["unlink_type"] ?? "sub_group").toUpperCase();
      const group = childOf(child, "group")?.attrs;
      const id = group?.["jid"] ?? (group?.["id"] === undefined ? "" : `${group["id"]}@g.us`);
      return {
        name: `COMMUNITY_${child.tag.toUpperCase()}_${kind}`,
        parameters: [id, group?.["subject"] ?? ""],
        ...author,
      };
    }
    default:
      return undefined;
  }
}

/** A person as customers see people. */
export function phoneOfPerson(person: PersonRef): string {
  return person.phone ?? person.lid ?? person.jid;
}

function samePerson(one: PersonRef, other: PersonRef | undefined): boolean {
  if (other === undefined) return false;
  return sameJid(one.jid, other.jid) || (one.phone !== undefined && one.phone === other.phone);
}
