import type { GroupPatch } from "#sandbox/control.ts";

import { groupOf, groupWith, newGroup, thirdPerson, writeToContact } from "./stage.ts";
import type { Stage } from "./stage.ts";
import type { Trigger } from "./trigger.ts";

function happening(webhook: Trigger["webhook"], summary: string, fire: (stage: Stage) => Promise<unknown>): Trigger {
  return {
    webhook,
    summary,
    fire: async (stage) => {
      const ids = await fire(stage);
      return Array.isArray(ids) ? ids : [];
    },
  };
}

const presence = "PresenceChatCallback";
const receipts = "MessageStatusCallback";

/** What contacts do beside writing. */
const people = {
  typing: happening(presence, "the contact types", ({ sandbox, contact, own, signal }) =>
    sandbox.typing({ number: contact, to: own, state: "composing" }, signal),
  ),
  recording: happening(presence, "the contact records a voice message", ({ sandbox, contact, own, signal }) =>
    sandbox.typing({ number: contact, to: own, state: "recording" }, signal),
  ),
  paused: happening(presence, "the contact stops typing", async ({ sandbox, contact, own, signal }) => {
    await sandbox.typing({ number: contact, to: own, state: "composing" }, signal);
    await sandbox.typing({ number: contact, to: own, state: "paused" }, signal);
  }),
  online: happening(presence, "the contact comes online", ({ sandbox, contact, own, signal }) =>
    sandbox.presence({ number: contact, to: own, state: "available" }, signal),
  ),
  offline: happening(presence, "the contact goes offline", ({ sandbox, contact, own, signal }) =>
    sandbox.presence({ number: contact, to: own, state: "unavailable" }, signal),
  ),
  call: call("CALL_VOICE", "the contact calls", {}),
  "call-video": call("CALL_VIDEO", "the contact calls with video", { video: true }),
  "call-missed": call("CALL_MISSED_VOICE", "the contact calls and hangs up", { missed: true }),
  "call-video-missed": call("CALL_MISSED_VIDEO", "the contact calls with video and hangs up", {
    missed: true,
    video: true,
  }),
  delivered: receipt("delivered", "the contact's phone gets a message"),
  read: receipt("read", "the contact reads a message"),
  played: receipt("played", "the contact plays a message"),
  status: happening("ReceivedCallback.text", "the contact posts a status", async (stage) => {
    const { sandbox, contact, signal, text = "Good morning" } = stage;
    const { messageIds } = await sandbox.contactSend(
      { number: contact, to: "status@broadcast", content: { text } },
      signal,
    );
    return messageIds;
  }),
} as const satisfies Record<string, Trigger>;

/** What the connection goes through. */
const connection = {
  disconnected: happening("DisconnectedCallback", "WhatsApp ends the connection; it comes back", (stage) =>
    disconnect(stage),
  ),
  connected: happening("ConnectedCallback", "the connection ends and comes back", (stage) => disconnect(stage)),
} as const satisfies Record<string, Trigger>;

/** What happens in a group of the contact and the account. */
const groups = {
  "group-create": notification("GROUP_CREATE", "the contact makes a group", newGroup),
  "group-message": happening("ReceivedCallback.text", "the contact writes in a group", async (stage) => {
    const { sandbox, contact, signal, text = "Hello everybody" } = stage;
    const { id } = await groupOf(stage);
    return (await sandbox.groupSend({ group: id, from: contact, content: { text } }, signal)).messageIds;
  }),
  "group-add": members("GROUP_PARTICIPANT_ADD", "somebody is added", { action: "add", first: "without" }),
  "group-remove": members("GROUP_PARTICIPANT_REMOVE", "somebody is removed", { action: "remove", first: "with" }),
  "group-promote": members("GROUP_PARTICIPANT_PROMOTE", "somebody becomes an admin", {
    action: "promote",
    first: "with",
  }),
  "group-demote": notification("GROUP_PARTICIPANT_DEMOTE", "an admin becomes a member again", async (stage) => {
    const { id } = await groupWith(stage, "with");
    const change = { group: id, participants: [thirdPerson] };
    await stage.sandbox.groupParticipants({ ...change, action: "promote" }, stage.signal);
    await stage.sandbox.groupParticipants({ ...change, action: "demote" }, stage.signal);
  }),
  "group-leave": members("GROUP_PARTICIPANT_LEAVE", "somebody leaves", { action: "leave", first: "with" }),
  "group-request": notification("MEMBERSHIP_APPROVAL_REQUEST", "somebody asks to join", async (stage) => {
    const { id, joinApproval } = await groupWith(stage, "without");
    if (!joinApproval) await stage.sandbox.groupPatch({ group: id, patch: { joinApproval: true } }, stage.signal);
    // Requests are shown to admins only.
    await stage.sandbox.groupParticipants({ group: id, action: "promote", participants: [stage.own] }, stage.signal);
    const request = { group: id, action: "request", participants: [thirdPerson] } as const;
    await stage.sandbox.groupParticipants(request, stage.signal);
  }),
  "group-subject": setting("GROUP_CHANGE_SUBJECT", "the name changes", ({ now, text }) => ({
    subject: text ?? `wazapi trigger ${now()}`,
  })),
  "group-description": setting("GROUP_CHANGE_DESCRIPTION", "the description changes", ({ now, text }) => ({
    description: text ?? `Written at ${now()}`,
  })),
  "group-announce": setting("GROUP_CHANGE_ANNOUNCE", "who may write changes", (_, { announce }) => ({
    announce: !announce,
  })),
  "group-restrict": setting("GROUP_CHANGE_RESTRICT", "who may change it changes", (_, { locked }) => ({
    locked: !locked,
  })),
  "group-disappearing": setting("CHANGE_EPHEMERAL_SETTING", "messages begin or cease to disappear", (_, group) => ({
    ephemeralSeconds: group.ephemeralSeconds === 0 ? 86_400 : 0,
  })),
  "group-approval": setting("GROUP_MEMBERSHIP_JOIN_APPROVAL_MODE", "who joins has to ask, or no more", (_, group) => ({
    joinApproval: !group.joinApproval,
  })),
  "group-member-add": setting("GROUP_MEMBER_ADD_MODE", "who may add members changes", (_, { membersAdd }) => ({
    membersAdd: !membersAdd,
  })),
} as const satisfies Record<string, Trigger>;

/** Everything that is no message typed by somebody. */
export const happeningTriggers = { ...people, ...connection, ...groups } as const satisfies Record<string, Trigger>;

function notification(name: string, summary: string, fire: (stage: Stage) => Promise<unknown>): Trigger {
  return happening(`ReceivedCallback.${name}`, summary, fire);
}

function call(name: string, summary: string, kind: { readonly video?: true; readonly missed?: true }): Trigger {
  return notification(name, summary, async ({ sandbox, contact, own, signal }) => [
    (await sandbox.call({ number: contact, to: own, ...kind }, signal)).callId,
  ]);
}

function receipt(type: "delivered" | "read" | "played", summary: string): Trigger {
  return happening(receipts, summary, async (stage) => {
    const messageIds = [await writeToContact(stage)];
    await stage.sandbox.receipt({ number: stage.contact, messageIds, type }, stage.signal);
    return messageIds;
  });
}

function members(
  name: string,
  summary: string,
  { action, first }: { readonly action: "add" | "remove" | "promote" | "leave"; readonly first: "with" | "without" },
): Trigger {
  return notification(name, summary, async (stage) => {
    const { id } = await groupWith(stage, first);
    await stage.sandbox.groupParticipants({ group: id, action, participants: [thirdPerson] }, stage.signal);
  });
}

function setting(
  name: string,
  summary: string,
  patch: (stage: Stage, group: Awaited<ReturnType<typeof groupOf>>) => GroupPatch,
): Trigger {
  return notification(name, summary, async (stage) => {
    const group = await groupOf(stage);
    await stage.sandbox.groupPatch({ group: group.id, patch: patch(stage, group) }, stage.signal);
  });
}

async function disconnect({ sandbox, own, signal }: Stage): Promise<void> {
  await sandbox.addFault({ type: "disconnect", match: { number: own }, code: 503 }, signal);
}
