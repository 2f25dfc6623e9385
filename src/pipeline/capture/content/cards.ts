import type { proto } from "@whiskeysockets/baileys";
import type { ContactCard } from "#domain/captured-content.ts";
import { halvesOf, numberOf } from "../numbers.ts";
import { type Converted, textOr } from "./converted.ts";

/** One business card. */
export function convertContact(message: proto.Message.IContactMessage): Converted {
  return { content: { type: "contact", ...cardOf(message) } };
}

/** Several business cards. */
export function convertContacts(message: proto.Message.IContactsArrayMessage): Converted {
  return { content: { type: "contacts", contacts: (message.contacts ?? []).map(cardOf) } };
}

/** A place that moves. */
export function convertLiveLocation(message: proto.Message.ILiveLocationMessage): Converted {
  return {
    content: {
      type: "liveLocation",
      longitude: numberOf(message.degreesLongitude),
      latitude: numberOf(message.degreesLatitude),
      caption: textOr(message.caption),
      sequence: halvesOf(message.sequenceNumber),
    },
  };
}

function cardOf(message: proto.Message.IContactMessage): ContactCard {
  const vCard = textOr(message.vcard);
  return { displayName: textOr(message.displayName), vCard, phones: phonesOf(vCard) };
}

/** WhatsApp's own numbers of a card (`waid=`); without any, whatever stands in its TEL lines. */
function phonesOf(vCard: string): readonly string[] {
  const lines = vCard.split(/\r?\n/).filter((line) => /^(?:item\d+\.)?TEL/i.test(line));
  const known = lines.flatMap((line) => /waid=(\d+)/i.exec(line)?.[1] ?? []);
  const written = lines.map((line) => line.slice(line.indexOf(":") + 1).replace(/\D/g, ""));
  return (known.length > 0 ? known : written).filter((digits) => digits !== "");
}
