import { z } from "zod";
import type { ContentBody } from "../content-body.ts";
import { contentKeys } from "../content/to-message.ts";
import { SandboxError } from "../sandbox-error.ts";

const messageId = z.string().min(1);
const shortText = z.string().min(1);

const media = z.strictObject({
  path: shortText.exactOptional(),
  base64: z.string().exactOptional(),
  mimetype: shortText.exactOptional(),
  caption: z.string().exactOptional(),
  fileName: shortText.exactOptional(),
  ptt: z.boolean().exactOptional(),
  gif: z.boolean().exactOptional(),
  viewOnce: z.boolean().exactOptional(),
  width: z.int().positive().exactOptional(),
  height: z.int().positive().exactOptional(),
  seconds: z.int().nonnegative().exactOptional(),
});

const sharedContact = z.strictObject({ name: shortText, phone: shortText });
const choice = z.strictObject({ messageId, id: shortText, label: z.string() });
const epochMs = z.int().nonnegative();

const event = {
  name: shortText,
  description: z.string().exactOptional(),
  startAt: epochMs,
  endAt: epochMs.exactOptional(),
  location: z
    .strictObject({
      latitude: z.number().exactOptional(),
      longitude: z.number().exactOptional(),
      name: z.string().exactOptional(),
    })
    .exactOptional(),
  canceled: z.boolean().exactOptional(),
};

/** The content keys and what stands beside them, for bodies that carry a content next to other fields. */
export const contentShape = {
  text: z.string().exactOptional(),
  image: media.exactOptional(),
  video: media.exactOptional(),
  audio: media.exactOptional(),
  document: media.exactOptional(),
  sticker: media.exactOptional(),
  ptv: media.exactOptional(),
  location: z
    .strictObject({
      latitude: z.number(),
      longitude: z.number(),
      name: z.string().exactOptional(),
      address: z.string().exactOptional(),
      live: z.boolean().exactOptional(),
    })
    .exactOptional(),
  contact: sharedContact.exactOptional(),
  contacts: z.array(sharedContact).exactOptional(),
  poll: z
    .strictObject({ question: shortText, options: z.array(shortText), multiple: z.boolean().exactOptional() })
    .exactOptional(),
  pollVote: z.strictObject({ messageId, options: z.array(z.string()) }).exactOptional(),
  reaction: z.strictObject({ messageId, emoji: z.string(), sealed: z.boolean().exactOptional() }).exactOptional(),
  edit: z.strictObject({ messageId, text: z.string() }).exactOptional(),
  revoke: z.strictObject({ messageId }).exactOptional(),
  buttonReply: choice.exactOptional(),
  listReply: choice.exactOptional(),
  event: z.strictObject(event).exactOptional(),
  eventEdit: z.strictObject({ messageId, ...event }).exactOptional(),
  comment: z.strictObject({ messageId, text: shortText, sealed: z.boolean().exactOptional() }).exactOptional(),
  pollV6: z
    .strictObject({
      question: shortText,
      options: z.array(shortText),
      multiple: z.boolean().exactOptional(),
      hideVoters: z.boolean().exactOptional(),
      endsAt: epochMs.exactOptional(),
    })
    .exactOptional(),
  pollEdit: z.strictObject({ messageId, question: shortText, options: z.array(shortText) }).exactOptional(),
  pollOption: z.strictObject({ messageId, option: shortText }).exactOptional(),
  raw: z.strictObject({ base64: shortText }).exactOptional(),
  eventResponse: z.strictObject({ messageId, response: z.enum(["going", "notGoing", "maybe"]) }).exactOptional(),
  proto: z.record(z.string(), z.unknown()).exactOptional(),
  reply: messageId.exactOptional(),
  album: messageId.exactOptional(),
  hdOf: messageId.exactOptional(),
  forwarded: z.boolean().exactOptional(),
  mentions: z.array(shortText).exactOptional(),
  expiration: z.int().nonnegative().exactOptional(),
};

/** The part of a parsed body that is its content. Throws `invalid` unless there is exactly one. */
export function contentOf(body: Readonly<Record<string, unknown>>): ContentBody {
  const given = contentKeys.filter((key) => body[key] !== undefined);
  if (given.length === 0) throw new SandboxError("invalid", `a content is missing: one of ${contentKeys.join(", ")}`);
  if (given.length > 1) throw new SandboxError("invalid", `only one content at a time, not ${given.join(" and ")}`);
  const entries = Object.entries(body).filter(([key]) => key in contentShape);
  // Parsed by `contentShape` and counted above: one content key and its options.
  return Object.fromEntries(entries) as unknown as ContentBody;
}
