import type { ContentBody } from "#sandbox/content-body.ts";

import { businessContents } from "./business-contents.ts";
import { recentContents } from "./recent-contents.ts";
import { samples } from "./samples.ts";
import { say, sayFirst } from "./stage.ts";
import type { Stage } from "./stage.ts";
import type { Trigger } from "./trigger.ts";

const { picture, film, sound, sticker, paper } = samples;
const hourMs = 3_600_000;

/** A message whose content needs nothing before it. */
function content(
  webhook: Trigger["webhook"],
  summary: string,
  body: (stage: Stage) => ContentBody | Promise<ContentBody>,
): Trigger {
  return { webhook, summary, fire: async (stage) => [await say(stage, await body(stage))] };
}

const place = { latitude: -23.5505, longitude: -46.6333 };
const ana = { name: "Ana", phone: "5511977776666" };
const bob = { name: "Bob", phone: "5511966665555" };
const lunch = { question: "Lunch?", options: ["Pizza", "Salad"] };

/** Messages of every kind, in the direction of the stage. */
export const contentTriggers = {
  text: content("ReceivedCallback.text", "a text", ({ text = "Hello" }) => ({ text })),
  link: content("ReceivedCallback.text", "a text with the preview of a link", ({ text = "https://example.com" }) => ({
    proto: {
      extendedTextMessage: { text, matchedText: "https://example.com", title: "Example", description: "An example" },
    },
  })),
  reply: content("ReceivedCallback.text", "a text that answers another", async (stage) => ({
    text: stage.text ?? "Me too",
    reply: await sayFirst(stage),
  })),
  forwarded: content("ReceivedCallback.text", "a forwarded text", ({ text = "Hello" }) => ({ text, forwarded: true })),
  mention: content("ReceivedCallback.text", "a text that mentions somebody", ({ text = `@${ana.phone}, look` }) => ({
    text,
    mentions: [ana.phone],
  })),
  disappearing: content("ReceivedCallback.text", "a text that disappears after a day", ({ text = "Hello" }) => ({
    text,
    expiration: 86_400,
  })),
  image: content("ReceivedCallback.image", "a picture", ({ text }) => ({ image: captioned(picture, text) })),
  "image-view-once": content("ReceivedCallback.image", "a picture to be seen once", ({ text }) => ({
    image: { ...captioned(picture, text), viewOnce: true },
  })),
  video: content("ReceivedCallback.video", "a film", ({ text }) => ({ video: captioned(film, text) })),
  "video-view-once": content("ReceivedCallback.video", "a film to be seen once", ({ text }) => ({
    video: { ...captioned(film, text), viewOnce: true },
  })),
  gif: content("ReceivedCallback.video", "a film that plays as a GIF", () => ({ video: { ...film, gif: true } })),
  ptv: content("ReceivedCallback.ptv", "a round video note", () => ({ ptv: film })),
  audio: content("ReceivedCallback.audio", "a sound", () => ({ audio: sound })),
  voice: content("ReceivedCallback.audio", "a voice message", () => ({ audio: { ...sound, ptt: true } })),
  "audio-view-once": content("ReceivedCallback.audio", "a voice message to be heard once", () => ({
    audio: { ...sound, ptt: true, viewOnce: true },
  })),
  document: content("ReceivedCallback.document", "a file", () => ({ document: paper })),
  "document-caption": content("ReceivedCallback.document", "a file with a caption", ({ text = "Look" }) => ({
    document: { ...paper, caption: text },
  })),
  sticker: content("ReceivedCallback.sticker", "a sticker", () => ({ sticker })),
  location: content("ReceivedCallback.location", "a place", ({ text = "Praça da Sé" }) => ({
    location: { ...place, name: text, address: "São Paulo" },
  })),
  "live-location": content("ReceivedCallback.liveLocation", "a place that moves", () => ({
    location: { ...place, live: true },
  })),
  contact: content("ReceivedCallback.contact", "a business card", () => ({ contact: ana })),
  contacts: content("ReceivedCallback.contacts", "several business cards", () => ({ contacts: [ana, bob] })),
  poll: content("ReceivedCallback.poll", "a poll", ({ text = lunch.question }) => ({
    poll: { ...lunch, question: text },
  })),
  "poll-multiple": content("ReceivedCallback.poll", "a poll with several answers", () => ({
    poll: { ...lunch, multiple: true },
  })),
  "poll-vote": content("ReceivedCallback.pollVote", "a vote in a poll", async (stage) => ({
    pollVote: { messageId: await say(stage, { poll: lunch }), options: ["Pizza"] },
  })),
  reaction: content("ReceivedCallback.reaction", "a reaction to a message", async (stage) => ({
    reaction: { messageId: await sayFirst(stage), emoji: stage.text ?? "👍" },
  })),
  "reaction-removed": content("ReceivedCallback.reaction", "a reaction that is taken back", async (stage) => {
    const messageId = await sayFirst(stage);
    await say(stage, { reaction: { messageId, emoji: "👍" } });
    return { reaction: { messageId, emoji: "" } };
  }),
  edit: content("ReceivedCallback.text", "a text whose words are changed", async (stage) => ({
    edit: { messageId: await sayFirst(stage), text: stage.text ?? "Hello again" },
  })),
  revoke: content("ReceivedCallback.REVOKE", "a text that is deleted for everybody", async (stage) => ({
    revoke: { messageId: await sayFirst(stage) },
  })),
  event: content("ReceivedCallback.event", "an event to take part in", (stage) => ({ event: party(stage) })),
  "event-response": content("ReceivedCallback.eventResponse", "an answer to an event", async (stage) => ({
    eventResponse: { messageId: await say(stage, { event: party(stage) }), response: "going" },
  })),
  ...businessContents,
  ...recentContents,
} as const satisfies Record<string, Trigger>;

function captioned<T extends object>(file: T, caption: string | undefined): T & { caption?: string } {
  return { ...file, ...(caption !== undefined && { caption }) };
}

function party({ now, text }: Stage) {
  return {
    name: text ?? "Party",
    description: "Bring a friend",
    startAt: now() + hourMs,
    location: { ...place, name: "Praça da Sé" },
  };
}
