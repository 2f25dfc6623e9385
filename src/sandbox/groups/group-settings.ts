import type { BinaryNode } from "@whiskeysockets/baileys";
import type { GroupPatch } from "../control.ts";
import { childOf, stanza, textOf } from "../wire/stanza.ts";
import { isAdmin, type Group } from "./group.ts";
import { joinApprovalNode, memberAddNode } from "./group-stanzas.ts";
import { newInviteCode } from "./group-store.ts";

/** A change of what a group is called or how it is set. */
export type GroupSetting =
  | { readonly kind: "subject"; readonly text: string }
  /** Without a text the description is taken away. */
  | { readonly kind: "description"; readonly id: string; readonly text: string | undefined }
  | { readonly kind: "announce" | "locked" | "joinApproval" | "membersAdd"; readonly isOn: boolean }
  | { readonly kind: "ephemeral"; readonly seconds: number }
  /** The old invite link stops working. */
  | { readonly kind: "invite" };

const maxSubject = 100;
const maxDescription = 2048;

/** What a client's query wants to change; undefined for other queries, `invalid` for what no group may be set to. */
export function settingOf(child: BinaryNode): GroupSetting | "invalid" | undefined {
  const text = textOf(child);
  switch (child.tag) {
    case "subject":
      return text === undefined || text === "" || text.length > maxSubject ? "invalid" : { kind: "subject", text };
    case "description":
      return descriptionOf(child);
    case "announcement":
    case "not_announcement":
      return { kind: "announce", isOn: child.tag === "announcement" };
    case "locked":
    case "unlocked":
      return { kind: "locked", isOn: child.tag === "locked" };
    case "ephemeral":
    case "not_ephemeral": {
      const seconds = Number(child.attrs["expiration"] ?? 0);
      return Number.isInteger(seconds) && seconds >= 0 ? { kind: "ephemeral", seconds } : "invalid";
    }
    case "member_add_mode":
      if (text !== "all_member_add" && text !== "admin_add") return "invalid";
      return { kind: "membersAdd", isOn: text === "all_member_add" };
    case "membership_approval_mode": {
      const state = childOf(child, "group_join")?.attrs["state"];
      return state === "on" || state === "off" ? { kind: "joinApproval", isOn: state === "on" } : "invalid";
    }
    case "invite":
      return child.attrs["code"] === undefined ? { kind: "invite" } : undefined;
    default:
      return undefined;
  }
}

function descriptionOf(child: BinaryNode): GroupSetting | "invalid" {
  const { id, delete: isDeleted } = child.attrs;
  if (isDeleted === "true") return { kind: "description", id: id ?? "", text: undefined };
  const text = textOf(childOf(child, "body"));
  return id === undefined || text === undefined || text.length > maxDescription
    ? "invalid"
    : { kind: "description", id, text };
}

/** The changes of a control call, in a fixed order. */
export function settingsOfPatch(patch: GroupPatch, newId: () => string): readonly GroupSetting[] {
  const { subject, description, ephemeralSeconds } = patch;
  const settings: GroupSetting[] = [];
  if (subject !== undefined) settings.push({ kind: "subject", text: subject });
  if (description !== undefined) {
    settings.push({ kind: "description", id: newId(), text: description === "" ? undefined : description });
  }
  for (const kind of ["announce", "locked", "joinApproval", "membersAdd"] as const) {
    const isOn = patch[kind];
    if (isOn !== undefined) settings.push({ kind, isOn });
  }
  if (ephemeralSeconds !== undefined) settings.push({ kind: "ephemeral", seconds: ephemeralSeconds });
  return settings;
}

/** Whether this member may make the change. */
export function maySet(group: Group, number: string, { kind }: GroupSetting): boolean {
  const isForMembers = kind === "subject" || kind === "description" || kind === "ephemeral";
  return isAdmin(group, number) || (isForMembers && !group.locked && group.members.has(number));
}

/** Makes the change and answers how the members are told of it. `by` is a jid in the group's addressing. */
export function applySetting(
  group: Group,
  setting: GroupSetting,
  done: { readonly number: string; readonly by: string; readonly at: number },
): BinaryNode {
  const { number, by, at } = done;
  switch (setting.kind) {
    case "subject":
      group.subject = { text: setting.text, at, by: number };
      return stanza("subject", { subject: setting.text, s_t: at, s_o: by });
    case "description":
      return applyDescription(group, setting, { number, at });
    case "announce":
      group.announce = setting.isOn;
      return stanza(setting.isOn ? "announcement" : "not_announcement");
    case "locked":
      group.locked = setting.isOn;
      return stanza(setting.isOn ? "locked" : "unlocked");
    case "joinApproval":
      group.joinApproval = setting.isOn;
      if (!setting.isOn) group.requests.clear();
      return joinApprovalNode(setting.isOn);
    case "membersAdd":
      group.membersAdd = setting.isOn;
      return memberAddNode(setting.isOn);
    case "ephemeral":
      group.ephemeralSeconds = setting.seconds;
      return setting.seconds === 0
        ? stanza("not_ephemeral")
        : stanza("ephemeral", { expiration: setting.seconds, trigger: 0 });
    case "invite":
      group.inviteCode = newInviteCode();
      return stanza("invite", { code: group.inviteCode });
  }
}

function applyDescription(
  group: Group,
  { id, text }: { readonly id: string; readonly text: string | undefined },
  { number, at }: { readonly number: string; readonly at: number },
): BinaryNode {
  group.description = text === undefined ? undefined : { id, text, at, by: number };
  if (text === undefined) return stanza("description", { id: id === "" ? undefined : id, delete: "true" });
  return stanza("description", { id }, [stanza("body", {}, Buffer.from(text))]);
}
