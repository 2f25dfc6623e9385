/*
 * What this version knows of the wire, for the watch: whatever is not in here is counted and shown. Being in here does
 * not mean that anything is done about it. Sources: the stanzas Baileys rc14 reads; whatsmeow, zapo and
 * oxidezap/whatsapp-rust as of August 2026; WhatsApp Web's own names. The tags of whole stanzas stand in
 * `intake/unknown-stanzas.ts`, codes of refusals in `staying/refusals.ts`, codes in acks in `addressing/ack-errors.ts`.
 */

/** WhatsApp protocol: `type` of a `<notification>`. */
export const knownNotifications: ReadonlySet<string> = new Set([
  "account_sync",
  "business",
  "companion_reg_refresh",
  "contacts",
  "crsc_continuation",
  "devices",
  "disappearing_mode",
  "encrypt",
  "fbid:bot",
  "fbid:devices",
  "hosted",
  "link_code_companion_reg",
  "mediaretry",
  "mex",
  "newsletter",
  "passkey_prologue_request",
  "pay",
  "picture",
  "privacy_token",
  "psa",
  "registration",
  "server",
  "server_sync",
  "status",
  "w:gp2",
  "w:growth",
  "waffle",
]);

/** WhatsApp protocol (WhatsApp Web): what notifications of these types hold; those of others are not looked at. */
export const knownChanges: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ["picture", new Set(["set", "delete", "request", "set_avatar"])],
  ["contacts", new Set(["add", "remove", "update", "modify", "sync"])],
]);

/** WhatsApp protocol: children of `<ib>`. */
export const knownInfo: ReadonlySet<string> = new Set([
  "attestation",
  "client_expiration",
  "dirty",
  "downgrade_webclient",
  "edge_routing",
  "gpia",
  "notice",
  "offline",
  "offline_preview",
  "priming",
  "safetynet",
  "thread_metadata",
  "tos",
  "unified_session",
]);

/** WhatsApp protocol: `op_name` of a mex notification's `<update>`. */
export const knownMexUpdates: ReadonlySet<string> = new Set([
  "MessageCappingInfoNotification",
  "NewsletterResponseStateUpdate",
  "NotificationLinkedProfilesUpdates",
  "NotificationNewsletterAdminDemote",
  "NotificationNewsletterAdminInviteRevoke",
  "NotificationNewsletterAdminMetadataUpdate",
  "NotificationNewsletterAdminPromote",
  "NotificationNewsletterBlockUser",
  "NotificationNewsletterJoin",
  "NotificationNewsletterLeave",
  "NotificationNewsletterMilestone",
  "NotificationNewsletterOwnerUpdate",
  "NotificationNewsletterPaidPartnership",
  "NotificationNewsletterStateChange",
  "NotificationNewsletterUpdate",
  "NotificationNewsletterUserSettingChange",
  "NotificationNewsletterWamoSubStatusChange",
  "NotificationUserReachoutTimelockUpdate",
]);

const everywhere = ["id", "from", "to", "t", "offline", "type", "participant", "class"];
const senders = [
  "recipient",
  "notify",
  "addressing_mode",
  "sender_lid",
  "sender_pn",
  "participant_lid",
  "participant_pn",
  "participant_username",
  "peer_recipient_lid",
  "peer_recipient_pn",
  "recipient_lid",
  "recipient_pn",
  "recipient_username",
  "sender_country_code",
  "username",
  "user_lid",
];

/** WhatsApp protocol: attributes of whole stanzas, by their tag; other tags are not looked at. */
export const knownAttributes: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries({
    message: [
      ...senders,
      "category",
      "context",
      "count",
      "device_fanout",
      "edit",
      "eph_setting",
      "hsm",
      "is_sender",
      "phash",
      "push_priority",
      "retry",
      "server_id",
      "sts",
      "verified_level",
      "verified_name",
    ],
    status: [...senders, "edit", "phash", "server_id", "sts", "verified_level", "verified_name"],
    receipt: [...senders, "category", "context", "count", "edit", "error", "phash", "retry", "server_id"],
    notification: [...senders, "dhash", "error", "hash", "jid", "lid", "stage", "mode", "version", "count", "name"],
    call: [...senders, "e", "platform", "version", "phash"],
    ack: [
      ...senders,
      "addressing_mode",
      "count",
      "error",
      "phash",
      "refresh_lid",
      "server_id",
      "sync",
      "edit",
      "timestamp",
    ],
    presence: ["last", "name", "deny", "count", ...senders],
    chatstate: senders,
    success: [
      "abprops",
      "companion_enc_static",
      "creation",
      "display_name",
      "group_abprops",
      "lid",
      "location",
      "props",
      "status",
    ],
  }).map(([tag, names]) => [tag, new Set([...everywhere, ...names])]),
);
