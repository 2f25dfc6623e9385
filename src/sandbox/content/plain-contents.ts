import { randomBytes } from "node:crypto";
import type { proto } from "@whiskeysockets/baileys";
import type { EventBody, SharedContact } from "../content-body.ts";
import { SandboxError } from "../sandbox-error.ts";
import { messageFromJson } from "./proto-json.ts";
import type { ContentBuilder } from "./builder.ts";
import { decodeMessage } from "./wire-bytes.ts";

const location: ContentBuilder<"location"> = (value) => {
  const { latitude, longitude, name, address, live } = value;
  if (Math.abs(latitude) > 90 || Math.abs(longitude) > 180) {
    throw new SandboxError("invalid", "location needs a latitude within ±90 and a longitude within ±180");
  }
  const place = { degreesLatitude: latitude, degreesLongitude: longitude };
  if (live !== true) {
    return { message: { locationMessage: { ...place, ...(name && { name }), ...(address && { address }) } } };
  }
  if (address !== undefined) throw new SandboxError("invalid", "a live location has no address");
  const extras = { accuracyInMeters: 10, sequenceNumber: 1, timeOffset: 0, ...(name && { caption: name }) };
  return { message: { liveLocationMessage: { ...place, ...extras } } };
};

const poll: ContentBuilder<"poll"> = ({ question, options, multiple }) => {
  if (options.length < 2 || options.length > 12) throw new SandboxError("invalid", "a poll has 2 to 12 options");
  if (new Set(options).size !== options.length) throw new SandboxError("invalid", "the options of a poll must differ");
  const creation = {
    name: question,
    options: options.map((optionName) => ({ optionName })),
    // WhatsApp protocol: 0 means any number of answers; polls with one answer have a field of their own.
    selectableOptionsCount: multiple === true ? 0 : 1,
  };
  const message = multiple === true ? { pollCreationMessage: creation } : { pollCreationMessageV3: creation };
  return { message: { ...message, ...withSecret() } };
};

const event: ContentBuilder<"event"> = (value) => ({ message: { eventMessage: eventMessage(value), ...withSecret() } });

/** Contents that need nothing but their own value. */
export const plainContents = {
  text: ((value) => ({ message: { conversation: value } })) satisfies ContentBuilder<"text">,
  location,
  contact: ((value) => ({ message: { contactMessage: contactMessage(value) } })) satisfies ContentBuilder<"contact">,
  contacts: ((value) => {
    if (value.length === 0) throw new SandboxError("invalid", "contacts needs at least one contact");
    const displayName = value.length === 1 ? (value[0]?.name ?? "") : `${value.length} contacts`;
    return { message: { contactsArrayMessage: { displayName, contacts: value.map(contactMessage) } } };
  }) satisfies ContentBuilder<"contacts">,
  poll,
  event,
  raw: (({ base64 }) => {
    const bytes = Buffer.from(base64, "base64");
    if (bytes.length === 0) throw new SandboxError("invalid", "raw is empty");
    try {
      return { message: decodeMessage(bytes) };
    } catch (cause) {
      throw new SandboxError("invalid", "raw is no protobuf message", { cause });
    }
  }) satisfies ContentBuilder<"raw">,
  proto: ((value) => ({ message: messageFromJson(value) })) satisfies ContentBuilder<"proto">,
};

function contactMessage({ name, phone }: SharedContact): proto.Message.IContactMessage {
  const digits = phone.replaceAll(/\D/g, "");
  if (digits === "") throw new SandboxError("invalid", "the phone of a contact needs digits");
  const lines = [
    "BEGIN:VCARD",
    "VERSION:3.0",
    `N:;${escapeCard(name)};;;`,
    `FN:${escapeCard(name)}`,
    `TEL;type=CELL;waid=${digits}:+${digits}`,
    "END:VCARD",
  ];
  return { displayName: name, vcard: lines.join("\n") };
}

/** vCard 3.0 escapes these in text values. */
function escapeCard(text: string): string {
  return text.replaceAll(/[\\,;]/g, String.raw`\$&`).replaceAll("\n", String.raw`\n`);
}

/** An event as a message has it. Throws `invalid` for one that ends before it starts. */
export function eventMessage(body: EventBody): proto.Message.IEventMessage {
  const { name, description, startAt, endAt, location: place, canceled } = body;
  if (endAt !== undefined && endAt < startAt) throw new SandboxError("invalid", "an event cannot end before it starts");
  return {
    name,
    ...(description !== undefined && { description }),
    startTime: seconds(startAt),
    ...(endAt !== undefined && { endTime: seconds(endAt) }),
    ...(place !== undefined && {
      location: {
        degreesLatitude: place.latitude ?? 0,
        degreesLongitude: place.longitude ?? 0,
        ...(place.name !== undefined && { name: place.name }),
      },
    }),
    isCanceled: canceled === true,
    isScheduleCall: false,
    extraGuestsAllowed: false,
  };
}

const seconds = (epochMs: number): number => Math.floor(epochMs / 1000);

/** WhatsApp protocol: votes and answers are encrypted with a secret that travels beside the poll or event. */
function withSecret(): Pick<proto.IMessage, "messageContextInfo"> {
  return { messageContextInfo: { messageSecret: randomBytes(32) } };
}
