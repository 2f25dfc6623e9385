import { proto } from "@whiskeysockets/baileys";
import { WazapiError } from "#domain/errors.ts";
import type { EventContent, EventEditContent, EventFacts } from "#domain/outgoing/social.ts";
import type { LiveSocket } from "../live-socket.ts";
import type { BuildPayload } from "./payload.ts";
import { sealAnswer } from "./seal-answer.ts";
import { askedMessage, partiesOf } from "./social-question.ts";

/** An appointment; with a call link that WhatsApp makes for it when it has one. */
export const eventPayload: BuildPayload<EventContent> = async (_deps, { socket, content }) => ({
  message: {
    eventMessage: await eventMessage(socket, content),
    messageContextInfo: { messageSecret: Buffer.from(content.secret, "base64") },
  },
  nodes: [{ tag: "meta", attrs: { event_type: "creation" } }],
});

/**
 * WhatsApp protocol (whatsmeow): an edit is a whole message with the new appointment, encrypted with the secret of the
 * old one; its stanza is of type `event` and says that it is an edit in `edit` and in `meta`.
 */
export const eventEditPayload: BuildPayload<EventEditContent> = async (deps, { instanceId, socket, content }) => {
  const { known, secret } = await askedMessage(deps.messages, {
    instanceId,
    messageId: content.messageId,
    of: "event",
  });
  if (!known.fromMe) throw new WazapiError("invalid_request", { message: "only an event of ours can be changed" });
  const { author, answerer, key } = await partiesOf(socket, known);
  const edited = await eventMessage(socket, { ...content, ...firstFacts(known.content.eventMessage, content) });
  const sealed = sealAnswer(
    { use: "Event Edit", messageId: content.messageId, authorJid: author, answererJid: answerer, secret },
    proto.Message.encode({ eventMessage: edited }).finish(),
  );
  return {
    message: {
      secretEncryptedMessage: {
        targetMessageKey: key,
        ...sealed,
        secretEncType: proto.Message.SecretEncryptedMessage.SecretEncType.EVENT_EDIT,
      },
    },
    attributes: { type: "event", edit: "1" },
    nodes: [{ tag: "meta", attrs: { event_type: "edit" } }],
  };
};

/** Name and start of the edit, or those the event has. */
function firstFacts(
  before: proto.Message.IEventMessage | null | undefined,
  edit: EventEditContent,
): Pick<EventFacts, "name" | "startAt"> {
  return { name: edit.name ?? before?.name ?? "", startAt: edit.startAt ?? Number(before?.startTime ?? 0) * 1000 };
}

async function eventMessage(socket: LiveSocket, facts: EventFacts): Promise<proto.Message.IEventMessage> {
  const { name, description, startAt, endAt, location, callLink, isCanceled } = facts;
  const startTime = seconds(startAt);
  return {
    name,
    startTime,
    isCanceled,
    ...(description !== undefined && { description }),
    ...(endAt !== undefined && { endTime: seconds(endAt) }),
    ...(location !== undefined && {
      location: {
        name: location.name,
        ...(location.latitude !== undefined && { degreesLatitude: location.latitude }),
        ...(location.longitude !== undefined && { degreesLongitude: location.longitude }),
      },
    }),
    ...(callLink !== undefined && { joinLink: await joinLink(socket, callLink, startTime), isScheduleCall: true }),
  };
}

async function joinLink(socket: LiveSocket, media: "audio" | "video", startTime: number): Promise<string> {
  const token = await socket.sock.createCallLink(media, { startTime });
  if (token === undefined) throw new WazapiError("unavailable", { message: "WhatsApp made no link for this call" });
  return `${callPrefixes[media]}${token}`;
}

// WhatsApp protocol: where its apps look for calls.
const callPrefixes = { audio: "https://call.whatsapp.com/voice/", video: "https://call.whatsapp.com/video/" } as const;

const seconds = (epochMs: number): number => Math.floor(epochMs / 1000);
