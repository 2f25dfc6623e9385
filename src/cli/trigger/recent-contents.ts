import type { ContentBody } from "#sandbox/content-body.ts";

import { samples } from "./samples.ts";
import { say, sayFirst } from "./stage.ts";
import type { Stage } from "./stage.ts";
import type { Trigger } from "./trigger.ts";

/** A message whose content may need others before it. */
function content(
  webhook: Trigger["webhook"],
  summary: string,
  body: (stage: Stage) => ContentBody | Promise<ContentBody>,
): Trigger {
  return { webhook, summary, fire: async (stage) => [await say(stage, await body(stage))] };
}

const hourMs = 3_600_000;
const lunch = { question: "Lunch?", options: ["Pizza", "Salad"] };
const hidden = Buffer.from("what nobody here can name");
/** Field 250 of a message, with bytes: tag (250 << 3 | 2) as a varint, then length and bytes. */
const newest = Buffer.concat([Buffer.from([0xd2, 0x0f, hidden.length]), hidden]);

/** Messages of the kinds that phones began to send in 2026. */
export const recentContents = {
  "poll-v6": content("ReceivedCallback.poll", "a poll of the latest version, which ends", ({ now, text }) => ({
    pollV6: { ...lunch, question: text ?? lunch.question, hideVoters: true, endsAt: now() + hourMs },
  })),
  "reaction-sealed": content("ReceivedCallback.reaction", "a reaction that comes encrypted", async (stage) => ({
    reaction: { messageId: await sayFirst(stage), emoji: stage.text ?? "👍", sealed: true },
  })),
  comment: content("ReceivedCallback.text", "a comment below a message", async (stage) => ({
    comment: { messageId: await sayFirst(stage), text: stage.text ?? "So it is", sealed: true },
  })),
  "image-hd": content("ReceivedCallback.image", "a picture that comes again in high quality", async (stage) => ({
    image: samples.picture,
    hdOf: await say(stage, { image: samples.picture }),
  })),
  album: content("ReceivedCallback.image", "a picture of an album", async (stage) => {
    const album = await say(stage, { proto: { albumMessage: { expectedImageCount: 2, expectedVideoCount: 0 } } });
    await say(stage, { image: samples.picture, album });
    return { image: samples.picture, album };
  }),
  "event-edit": content(
    "ReceivedCallback.event",
    "an event that is changed, encrypted with its secret",
    async (stage) => {
      const event = { name: "Party", startAt: stage.now() + hourMs };
      const messageId = await say(stage, { event });
      return { eventEdit: { ...event, messageId, name: stage.text ?? "Big party" } };
    },
  ),
  "poll-edit": content("ReceivedCallback.poll", "a poll whose question is changed", async (stage) => ({
    pollEdit: { ...lunch, messageId: await say(stage, { poll: lunch }), question: stage.text ?? "Dinner?" },
  })),
  "poll-option": content("ReceivedCallback.poll", "a poll that somebody adds an answer to", async (stage) => ({
    pollOption: { messageId: await say(stage, { poll: lunch }), option: stage.text ?? "Soup" },
  })),
  "ai-forward": content("ReceivedCallback.text", "an answer of an AI that is passed on", ({ text = "Blue." }) => ({
    proto: {
      botForwardedMessage: {
        message: { richResponseMessage: { messageType: 1, submessages: [{ messageType: 2, messageText: text }] } },
      },
    },
  })),
  "newer-content": content("ReceivedCallback.other", "a message of a kind that is younger than this version", () => ({
    raw: { base64: newest.toString("base64") },
  })),
} as const satisfies Record<string, Trigger>;
