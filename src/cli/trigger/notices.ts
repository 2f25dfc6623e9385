import type { StanzaJson } from "#sandbox/tell.ts";

import { groupOf, thirdPerson } from "./stage.ts";
import type { Stage } from "./stage.ts";
import type { Trigger } from "./trigger.ts";

/** A notification with its webhook. */
function notice(name: string, summary: string, tell: (stage: Stage) => Promise<unknown>): Trigger {
  return {
    webhook: `ReceivedCallback.${name}`,
    summary,
    fire: async (stage) => {
      await tell(stage);
      return [];
    },
  };
}

const jid = (number: string): string => `${number}@s.whatsapp.net`;

/** The owner changes something on the phone, or a contact its profile. */
const profiles = {
  "profile-name": notice("PROFILE_NAME_UPDATED", "the owner changes the name of the account", (stage) =>
    stage.sandbox.setting(
      {
        number: stage.own,
        collection: "critical_block",
        index: ["setting_pushName"],
        value: { pushNameSetting: { name: stage.text ?? `Shop ${stage.now()}` } },
      },
      stage.signal,
    ),
  ),
  "profile-picture": notice("PROFILE_PICTURE_UPDATED", "the owner changes the picture of the account", (stage) =>
    stage.sandbox.addContact({ number: stage.own, newPicture: true }, stage.signal),
  ),
  "contact-picture": notice("CONTACT_PICTURE_UPDATED", "the contact changes its picture", (stage) =>
    stage.sandbox.addContact({ number: stage.contact, newPicture: true }, stage.signal),
  ),
  "contact-about": notice("PROFILE_STATUS_UPDATED", "the contact changes its about text", (stage) =>
    stage.sandbox.notify(
      {
        number: stage.own,
        attrs: { type: "status", from: jid(stage.contact) },
        content: [{ tag: "set", attrs: {}, content: stage.text ?? "At the sea" }],
      },
      stage.signal,
    ),
  ),
  label: notice("CHAT_LABEL_ASSOCIATION", "the owner puts a label on the chat", (stage) =>
    stage.sandbox.setting(
      {
        number: stage.own,
        collection: "regular",
        index: ["label_jid", "5", jid(stage.contact)],
        value: { labelAssociationAction: { labeled: true } },
      },
      stage.signal,
    ),
  ),
} as const satisfies Record<string, Trigger>;

/** Something in the group that the sandbox only tells, without doing it. */
function groupNotice(name: string, summary: string, child: (stage: Stage) => StanzaJson): Trigger {
  return notice(name, summary, async (stage) => {
    const { sandbox, own, contact, signal } = stage;
    const { id: from } = await groupOf(stage);
    const attrs = { type: "w:gp2", from, participant: jid(contact) };
    await sandbox.notify({ number: own, attrs, content: [child(stage)] }, signal);
  });
}

const member: StanzaJson = { tag: "participant", attrs: { jid: jid(thirdPerson) } };

const linked = (tag: "link" | "unlink"): StanzaJson => ({
  tag,
  attrs: { [`${tag}_type`]: "sub_group" },
  content: [{ tag: "group", attrs: { jid: "120363000000000005@g.us", subject: "Neighbours" } }],
});

const groups = {
  "group-join": groupNotice("GROUP_PARTICIPANT_INVITE", "somebody joins by the link", () => ({
    tag: "add",
    attrs: { reason: "invite" },
    content: [member],
  })),
  "group-link": groupNotice("GROUP_CHANGE_INVITE_LINK", "the link to join changes", ({ now }) => ({
    tag: "invite",
    attrs: { code: `Link${now()}` },
  })),
  "group-link-mode": groupNotice("GROUP_MEMBER_LINK_PROPERTY_UPDATE", "who may pass the link on changes", () => ({
    tag: "member_link_mode",
    attrs: {},
    content: "all_member_link",
  })),
  "group-number": groupNotice("GROUP_PARTICIPANT_CHANGE_NUMBER", "a member changes its number", () => ({
    tag: "modify",
    attrs: {},
    content: [member],
  })),
  "group-request-revoked": groupNotice("REVOKED_MEMBERSHIP_REQUESTS", "somebody no longer asks to join", () => ({
    tag: "revoked_membership_requests",
    attrs: {},
    content: [member],
  })),
  "group-delete": groupNotice("GROUP_DELETE", "the group is deleted", () => ({
    tag: "delete",
    attrs: { reason: "integrity" },
  })),
  "community-link": groupNotice("COMMUNITY_LINK_SUB_GROUP", "a group joins the community", () => linked("link")),
  "community-unlink": groupNotice("COMMUNITY_UNLINK_SUB_GROUP", "a group leaves the community", () => linked("unlink")),
} as const satisfies Record<string, Trigger>;

const channel = "120363000000000009@newsletter";

/** Something in a channel, in the JSON that WhatsApp tells it by. */
function channelNotice(
  name: string,
  summary: string,
  told: (stage: Stage) => { operation: string; update: object },
): Trigger {
  return notice(name, summary, async (stage) => {
    const { operation, update } = told(stage);
    const json = JSON.stringify({ operation, updates: [{ id: channel, jid: channel, ...update }] });
    await stage.sandbox.notify(
      {
        number: stage.own,
        attrs: { type: "mex", from: channel },
        content: [{ tag: "mex", attrs: {}, content: json }],
      },
      stage.signal,
    );
  });
}

const channels = {
  "channel-promote": channelNotice(
    "NEWSLETTER_ADMIN_PROMOTE",
    "the contact becomes an admin of a channel",
    (stage) => ({
      operation: "NotificationNewsletterAdminPromote",
      update: { user: jid(stage.contact) },
    }),
  ),
  "channel-demote": channelNotice(
    "NEWSLETTER_ADMIN_DEMOTE",
    "the contact is no admin of a channel any more",
    (stage) => ({
      operation: "NotificationNewsletterAdminDemote",
      update: { user: jid(stage.contact) },
    }),
  ),
  "channel-join": channelNotice("NEWSLETTER_MEMBER_JOIN", "the account follows a channel", () => ({
    operation: "NotificationNewsletterJoin",
    update: { role: "SUBSCRIBER" },
  })),
  "channel-leave": channelNotice("NEWSLETTER_MEMBER_LEAVE", "the account leaves a channel", () => ({
    operation: "NotificationNewsletterLeave",
    update: { role: "GUEST" },
  })),
  "channel-mute": channelNotice("NEWSLETTER_MUTE_ON", "the account mutes a channel", () => ({
    operation: "NotificationNewsletterUserSettingChange",
    update: { mute: "ON" },
  })),
} as const satisfies Record<string, Trigger>;

/** What WhatsApp and the owner's phone tell about profiles, groups and channels. */
export const noticeTriggers = { ...profiles, ...groups, ...channels } as const satisfies Record<string, Trigger>;
