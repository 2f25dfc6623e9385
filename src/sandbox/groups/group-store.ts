import { randomBytes } from "node:crypto";
import type { Addressing } from "../jid.ts";
import { SandboxError } from "../sandbox-error.ts";
import type { Group, GroupRole } from "./group.ts";

/** All groups. */
export interface GroupStore {
  /** A new group whose creator is its superadmin. Throws `conflict` when there are too many. */
  create(input: {
    readonly creator: string;
    readonly subject: string;
    readonly members: readonly string[];
    readonly addressing: Addressing;
    /** Seconds since 1970. */
    readonly at: number;
  }): Group;
  get(jid: string): Group | undefined;
  byInvite(code: string): Group | undefined;
  list(): readonly Group[];
  /** Plain JSON for `restore`. */
  snapshot(): readonly GroupState[];
  restore(groups: readonly GroupState[]): void;
  clear(): void;
}

/** A group as plain JSON. */
export interface GroupState extends Omit<Group, "members" | "requests" | "description"> {
  readonly description?: Group["description"];
  readonly members: readonly (readonly [number: string, role: GroupRole])[];
  readonly requests: readonly (readonly [number: string, at: number])[];
}

const maxGroups = 10_000;

/** A store without groups. */
export function createGroupStore(): GroupStore {
  const groups = new Map<string, Group>();
  return {
    create({ creator, subject, members, addressing, at }) {
      if (groups.size >= maxGroups) throw new SandboxError("conflict", `there are already ${maxGroups} groups`);
      const others = members.filter((number) => number !== creator);
      const group: Group = {
        jid: newJid(),
        addressing,
        createdAt: at,
        creator,
        subject: { text: subject, at, by: creator },
        description: undefined,
        members: new Map([[creator, "superadmin"], ...others.map((number) => [number, "member"] as const)]),
        requests: new Map(),
        announce: false,
        locked: false,
        ephemeralSeconds: 0,
        joinApproval: false,
        membersAdd: false,
        inviteCode: newInviteCode(),
      };
      groups.set(group.jid, group);
      return group;
    },
    get: (jid) => groups.get(jid),
    byInvite: (code) => groups.values().find(({ inviteCode }) => inviteCode === code),
    list: () => [...groups.values()],
    snapshot: () => [...groups.values()].map(toState),
    restore(states) {
      for (const state of states) groups.set(state.jid, fromState(state));
    },
    clear: () => groups.clear(),
  };
}

/** A code as the end of an invite link. */
export function newInviteCode(): string {
  return randomBytes(16).toString("base64url");
}

/** WhatsApp protocol: ids of groups are eighteen digits that begin like this. */
function newJid(): string {
  const digits = randomBytes(8).readBigUInt64BE() % 10n ** 12n;
  return `120363${String(digits).padStart(12, "0")}@g.us`;
}

function toState({ members, requests, description, ...rest }: Group): GroupState {
  return { ...rest, ...(description !== undefined && { description }), members: [...members], requests: [...requests] };
}

function fromState({ members, requests, description, ...rest }: GroupState): Group {
  return { ...rest, description, members: new Map(members), requests: new Map(requests) };
}
