import type { GroupInfo } from "../control.ts";
import type { Addressing } from "../jid.ts";

/** What a member may do. */
export type GroupRole = "superadmin" | "admin" | "member";

/** A group as the server holds it. People are named by their numbers, times are seconds since 1970. */
export interface Group {
  /** Full jid, `…@g.us`. */
  readonly jid: string;
  /** Whether members are named by LID, as in today's groups, or by phone number, as in old ones. */
  readonly addressing: Addressing;
  readonly createdAt: number;
  readonly creator: string;
  subject: { readonly text: string; readonly at: number; readonly by: string };
  description: { readonly id: string; readonly text: string; readonly at: number; readonly by: string } | undefined;
  /** Everybody in it, in the order of joining. */
  readonly members: Map<string, GroupRole>;
  /** Who asked to join, and when. */
  readonly requests: Map<string, number>;
  /** Only admins write. */
  announce: boolean;
  /** Only admins change subject, description and the like. */
  locked: boolean;
  /** Messages disappear after this; 0 means never. */
  ephemeralSeconds: number;
  /** Whoever has the link has to be let in by an admin. */
  joinApproval: boolean;
  /** Every member may add people. */
  membersAdd: boolean;
  inviteCode: string;
}

/** WhatsApp protocol: most members of a group. */
export const maxMembers = 1024;

/** Whether this number is an admin of the group. */
export function isAdmin(group: Group, number: string): boolean {
  const role = group.members.get(number);
  return role === "superadmin" || role === "admin";
}

/** Whoever acts when nobody is named: the creator while a member, else an admin, else anybody. */
export function defaultActor({ members, creator }: Group): string {
  if (members.has(creator)) return creator;
  const roles: readonly GroupRole[] = ["superadmin", "admin", "member"];
  const byRank = [...members].sort(([, one], [, other]) => roles.indexOf(one) - roles.indexOf(other));
  return byRank[0]?.[0] ?? creator;
}

/** The group as control routes show it. */
export function groupInfo(group: Group): GroupInfo {
  const { jid, subject, description, creator, members, requests } = group;
  const { announce, locked, ephemeralSeconds, joinApproval, membersAdd, inviteCode } = group;
  return {
    id: jid,
    subject: subject.text,
    ...(description !== undefined && { description: description.text }),
    owner: creator,
    participants: [...members].map(([number, role]) => ({ number, role })),
    requests: [...requests.keys()],
    announce,
    locked,
    ephemeralSeconds,
    joinApproval,
    membersAdd,
    inviteCode,
  };
}
