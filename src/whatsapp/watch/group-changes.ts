import type { BinaryNode } from "@whiskeysockets/baileys";
import type { UnknownWire } from "../unknown-wire.ts";

/** Attributes by which every change may be numbered and dated. */
const everywhere = ["v_id", "prev_v_id", "s_t", "t"];
const members = ["jid", "lid", "phone_number", "type", "username", "participant_username", "display_name", "error"];
const linkedGroup = ["jid", "id", "subject", "s_t", "s_o", "s_o_pn", "default_sub_group", "hidden_group", "size"];

interface KnownChange {
  readonly attrs?: readonly string[];
  /** Children with their attributes; `any`: their inside is not looked at. */
  readonly children?: Readonly<Record<string, readonly string[] | "any">>;
}

const ofMembers: KnownChange = { attrs: ["reason"], children: { participant: members } };
const ofRequests: KnownChange = {
  attrs: ["request_method", "parent_group_jid"],
  children: { participant: members, requested_user: members },
};
const nothingInside: KnownChange = {};

/**
 * WhatsApp protocol: what stands in a notification about a group (`w:gp2`), by its tag. Being in here does not mean that
 * it has a name of ours: the last ones are published under WhatsApp's own. Sources: what Baileys rc14 and whatsmeow read,
 * and the names that other clients reported in 2026.
 */
const knownChanges: ReadonlyMap<string, KnownChange> = new Map(
  Object.entries({
    create: { attrs: ["type", "key", "reason", "context"], children: { group: "any" } },
    add: ofMembers,
    remove: ofMembers,
    leave: ofMembers,
    promote: ofMembers,
    demote: ofMembers,
    modify: ofMembers,
    created_membership_requests: ofRequests,
    revoked_membership_requests: ofRequests,
    subject: { attrs: ["subject", "s_o", "s_o_pn"] },
    description: { attrs: ["id", "delete", "participant", "participant_pn"], children: { body: [], delete: [] } },
    announcement: nothingInside,
    not_announcement: nothingInside,
    locked: nothingInside,
    unlocked: nothingInside,
    ephemeral: { attrs: ["expiration", "trigger"] },
    not_ephemeral: { attrs: ["trigger"] },
    invite: { attrs: ["code"] },
    member_add_mode: nothingInside,
    member_link_mode: { attrs: ["mode"] },
    membership_approval_mode: { children: { group_join: ["state"] } },
    delete: { attrs: ["reason"] },
    link: { attrs: ["link_type"], children: { group: linkedGroup } },
    unlink: { attrs: ["unlink_type", "unlink_reason"], children: { group: linkedGroup } },
    suspended: nothingInside,
    unsuspended: nothingInside,
    growth_locked: { attrs: ["expiration", "type"] },
    growth_unlocked: { attrs: ["type"] },
  } satisfies Readonly<Record<string, KnownChange>>),
);

/** What is not known in a notification about a group: changes, and what stands in those that are known. */
export function strangersInGroup(notification: BinaryNode): readonly UnknownWire[] {
  return childrenOf(notification).flatMap((change): readonly UnknownWire[] => {
    const known = knownChanges.get(change.tag);
    if (known === undefined) return [stranger(change.tag)];
    const { attrs = [], children = {} } = known;
    return [
      ...strangeAttrs(change, change.tag, [...everywhere, ...attrs]),
      ...childrenOf(change).flatMap((child) => {
        const place = `${change.tag} ${child.tag}`;
        const inside = Object.hasOwn(children, child.tag) ? children[child.tag] : undefined;
        if (inside === undefined) return [stranger(place)];
        return inside === "any" ? [] : strangeAttrs(child, place, inside);
      }),
    ];
  });
}

function strangeAttrs({ attrs }: BinaryNode, place: string, known: readonly string[]): readonly UnknownWire[] {
  return Object.keys(attrs).flatMap((name) => (known.includes(name) ? [] : [stranger(`${place} ${name}`)]));
}

const stranger = (name: string): UnknownWire => ({ kind: "group", name });

function childrenOf({ content }: BinaryNode): readonly BinaryNode[] {
  return Array.isArray(content) ? content : [];
}
