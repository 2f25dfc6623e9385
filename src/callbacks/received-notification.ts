import { z } from "zod";
import type { CapturedNotification } from "#domain/captured.ts";
import { defineCallback } from "./definition.ts";
import { chatLid, sceneFields, sceneOf } from "./envelope.ts";
import { digitsOf } from "./people.ts";

const labelChange = z.object({ phone: z.string(), label: z.string(), assigned: z.boolean() });

const envelope = z.object({
  chatLid: z.string().nullable(),
  ...sceneFields,
  chatName: z.string().nullable().describe("null for what concerns the own profile"),
  messageId: z.string().optional(),
  status: z.enum(["RECEIVED", "MESSAGE_RECEIVED"]),
  expiresAt: z.null(),
  referenceMessageId: z.null(),
  externalAdReply: z.null(),
  forwarded: z.literal(false),
  notification: z.string(),
  notificationParameters: z.union([z.array(z.string()), z.array(labelChange)]).optional(),
  callId: z.string().nullable(),
  code: z.string().nullable(),
  requestMethod: z.string().optional(),
  linkMode: z.string().optional(),
  profileName: z.string().optional(),
  updatedPhoto: z.string().optional(),
  text: z.object({ message: z.string() }).optional(),
});

/** What the parameters of the documented notifications hold. An unlisted one passes under WhatsApp's own name. */
const notificationParameters = {
  REVOKE: "none; messageId is the id of the deleted message",
  PHONE_NUMBER_SHARED: "the number, where it is known; the sender went by a LID alone until then",
  GROUP_MEMBER_LABEL_CHANGE: "the label a member goes by from now on; empty when it was taken away",
  CALL_VOICE: "none; callId is set",
  CALL_VIDEO: "none; callId is set",
  CALL_MISSED_VOICE: "none; callId is set",
  CALL_MISSED_VIDEO: "none; callId is set",
  CALL_REJECTED: "none; callId is set",
  CALL_ACCEPTED: "none; callId is set",
  MEMBERSHIP_APPROVAL_REQUEST: "the requester, and who asked for them; requestMethod is set",
  REVOKED_MEMBERSHIP_REQUESTS: "the requester",
  GROUP_CREATE: "the subject",
  GROUP_PARTICIPANT_ADD: "the members",
  GROUP_PARTICIPANT_INVITE: "the member who joined by link",
  GROUP_PARTICIPANT_REMOVE: "the members",
  GROUP_PARTICIPANT_LEAVE: "the member",
  GROUP_PARTICIPANT_PROMOTE: "the members",
  GROUP_PARTICIPANT_DEMOTE: "the members",
  GROUP_PARTICIPANT_CHANGE_NUMBER: "old and new number",
  GROUP_CHANGE_SUBJECT: "the new subject",
  GROUP_CHANGE_DESCRIPTION: "the new description, empty when removed",
  GROUP_CHANGE_INVITE_LINK: "the new link",
  GROUP_CHANGE_RESTRICT: "true or false",
  GROUP_CHANGE_ANNOUNCE: "true or false",
  GROUP_CHANGE_ICON: "id of the picture; none when it was removed",
  CHANGE_EPHEMERAL_SETTING: "true and the seconds, or false",
  GROUP_MEMBER_ADD_MODE: "the mode",
  GROUP_MEMBERSHIP_JOIN_APPROVAL_MODE: "true or false",
  GROUP_MEMBER_LINK_PROPERTY_UPDATE: "none; linkMode is set",
  CONTACT_PICTURE_UPDATED: "id of the picture",
  GROUP_DELETE: "the reason, when one is known",
  COMMUNITY_LINK_PARENT_GROUP: "group and its name",
  COMMUNITY_LINK_SUB_GROUP: "group and its name",
  COMMUNITY_LINK_SIBLING_GROUP: "group and its name",
  COMMUNITY_UNLINK_PARENT_GROUP: "group and its name",
  COMMUNITY_UNLINK_SUB_GROUP: "group and its name",
  COMMUNITY_UNLINK_SIBLING_GROUP: "group and its name",
  NEWSLETTER_ADMIN_PROMOTE: "the person and ADMIN",
  NEWSLETTER_ADMIN_DEMOTE: "the person and SUBSCRIBER",
  NEWSLETTER_MEMBER_JOIN: "the person and the role",
  NEWSLETTER_MEMBER_LEAVE: "the person and the role",
  NEWSLETTER_MUTE_ON: "the state",
  NEWSLETTER_MUTE_OFF: "the state",
  PROFILE_NAME_UPDATED: "absent; profileName is set",
  PROFILE_PICTURE_UPDATED:
    "absent; updatedPhoto is the link of the new picture, absent when it was removed or cannot be had",
  PROFILE_STATUS_UPDATED: "absent; text.message is the new about text",
  CHAT_LABEL_ASSOCIATION: "objects with phone, label and assigned",
  PAYMENT_ACTION_REQUEST_DECLINED: "phone, currency and amount in thousandths",
  E2E_ENCRYPTED: "none",
  BLUE_MSG_SELF_PREMISE_UNVERIFIED: "none",
  BLUE_MSG_SELF_PREMISE_VERIFIED: "none",
  BIZ_MOVE_TO_CONSUMER_APP: "none",
} as const satisfies Record<string, string>;

const ownProfile: ReadonlySet<string> = new Set([
  "PROFILE_NAME_UPDATED",
  "PROFILE_PICTURE_UPDATED",
  "CHAT_LABEL_ASSOCIATION",
]);

/** Names of the documented notifications. */
export const notificationNames = Object.keys(notificationParameters);

/** Schema of one notification. */
export function notificationSchema(name: string): z.ZodObject {
  const about = Object.entries(notificationParameters).find(([known]) => known === name)?.[1] ?? "";
  return envelope.extend({
    notification: z.literal(name),
    notificationParameters: envelope.shape.notificationParameters.describe(about),
  });
}

/** Something happened to a group, channel, call, profile or message. */
export const receivedNotification = defineCallback({
  kind: "notification",
  type: "ReceivedCallback",
  summary: "Something happened to a group, channel, call, profile or message",
  payload: envelope,
  render: (captured, context) => ({
    chatLid: chatLid(captured.chat),
    ...sceneOf(captured, context.instanceId),
    ...(ownProfile.has(captured.name) ? { chatName: null } : {}),
    ...(captured.messageId === undefined ? {} : { messageId: captured.messageId }),
    ...participantOf(captured),
    status: captured.status ?? ("RECEIVED" as const),
    expiresAt: null,
    referenceMessageId: null,
    externalAdReply: null,
    forwarded: false as const,
    notification: captured.name,
    ...(captured.parameters === undefined ? {} : { notificationParameters: parametersOf(captured.parameters) }),
    callId: captured.callId ?? null,
    code: captured.code ?? null,
    ...(captured.requestMethod === undefined ? {} : { requestMethod: captured.requestMethod }),
    ...(captured.linkMode === undefined ? {} : { linkMode: captured.linkMode }),
    ...(captured.profileName === undefined ? {} : { profileName: captured.profileName }),
    ...(captured.hasNewPhoto === true && context.newPhoto !== undefined ? { updatedPhoto: context.newPhoto } : {}),
    ...(captured.about === undefined ? {} : { text: { message: captured.about } }),
  }),
});

/** Notifications name a member only where one acted or was acted on. */
function participantOf(captured: CapturedNotification) {
  if (captured.participant === undefined) return { participantPhone: undefined, participantLid: null };
  return { participantPhone: digitsOf(captured.participant), participantLid: captured.participant.lid ?? null };
}

function parametersOf(parameters: NonNullable<CapturedNotification["parameters"]>) {
  return [...parameters] as string[] | z.input<typeof labelChange>[]; // The union of arrays survives the copy.
}
