import { readdirSync, readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";

import { renderCallback } from "#callbacks/catalogue.ts";
import { contents } from "#callbacks/contents.ts";
import type { Captured } from "#domain/captured.ts";

import { outOfTime, withDevice } from "../live/honest.ts";
import { captureFixture, context, parseFixture } from "./fixture-world.ts";
import type { Upstream } from "./fixture-world.ts";

/** What broke receivers of other programs, and may never be sent. */
const here = new URL(".", import.meta.url);
const fixtures = readdirSync(here, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name: type }) =>
    readdirSync(new URL(`${type}/`, here))
      .filter((file) => file.endsWith(".captured.json"))
      .map((file) => {
        const captured = parseFixture(readFileSync(new URL(`${type}/${file}`, here), "utf8")) as Captured;
        const { payload } = renderCallback(captured, context);
        return { variant: `${type}/${file.replace(".captured.json", "")}`, captured, payload };
      }),
  );
const messages = fixtures.flatMap((one) => (one.captured.kind === "message" ? [one] : []));
const contentKeys = new Set(Object.values(contents).flatMap(({ payload }) => Object.keys(payload.shape)));

test.each(fixtures.filter(({ captured }) => captured.kind !== "notification"))(
  "never: `notification`, not even null, on what is no notification: $variant",
  ({ payload }) => {
    expect(payload).not.toHaveProperty("notification");
  },
);

test.each(messages)("never: two contents in one message: $variant", ({ payload }) => {
  expect([...contentKeys].filter((key) => key in payload).length).toBeLessThanOrEqual(1);
});

test.each(fixtures)("never: a phone with the number of a device: $variant", ({ payload }) => {
  expect(withDevice(payload)).toEqual([]);
});

test.each(fixtures)("never: seconds where milliseconds belong: $variant", ({ payload }) => {
  // 2001-09-09 in milliseconds is a million million; in seconds nothing gets there.
  expect(outOfTime(payload, { from: 1e12, to: 1e13 })).toEqual([]);
});

test("never: the two looks above see what they look for", () => {
  expect(withDevice({ phone: "5511900000002:7@s.whatsapp.net", participantPhone: "5511900000002:7" })).toHaveLength(2);
  expect(withDevice({ ids: ["5511900000002@s.whatsapp.net"] })).toHaveLength(1);
  expect(
    outOfTime({ momment: 1_690_000_000, reaction: { time: 1_690_000_000 } }, { from: 1e12, to: 1e13 }),
  ).toHaveLength(2);
});

const device = "5511900000002:7@s.whatsapp.net";
const groupDevice = "200000000000002:7@lid";
const withDevices: readonly (readonly [string, Upstream])[] = [
  ["the chat of a message", upsert({ remoteJid: device, fromMe: false }, { conversation: "x" })],
  [
    "the sender in a group",
    upsert(
      { remoteJid: "120363000000000001@g.us", fromMe: false, participant: groupDevice, participantAlt: device },
      { conversation: "x" },
    ),
  ],
  [
    "somebody who is mentioned",
    upsert(
      { remoteJid: "5511900000002@s.whatsapp.net", fromMe: false },
      { extendedTextMessage: { text: "x", contextInfo: { mentionedJid: [device] } } },
    ),
  ],
  [
    "the author of what a reaction is about",
    upsert(
      { remoteJid: "120363000000000001@g.us", fromMe: false, participant: groupDevice },
      {
        reactionMessage: {
          text: "x",
          key: { remoteJid: "120363000000000001@g.us", fromMe: false, id: "A", participant: device },
        },
      },
    ),
  ],
  [
    "the seller of an order",
    upsert(
      { remoteJid: "5511900000002@s.whatsapp.net", fromMe: false },
      { orderMessage: { orderId: "1", sellerJid: device } },
    ),
  ],
  [
    "the owner of a product",
    upsert(
      { remoteJid: "5511900000002@s.whatsapp.net", fromMe: false },
      { productMessage: { businessOwnerJid: device, product: { productId: "1" } } },
    ),
  ],
];

function upsert(key: object, message: object): Upstream {
  const info = { key: { id: "3EB0NEVER", ...key }, messageTimestamp: 1_690_000_000, pushName: "Ana", message };
  return { events: { "messages.upsert": { type: "notify", messages: [info] } } };
}

async function payloadOf(upstream: Upstream): Promise<Readonly<Record<string, unknown>>> {
  const [captured] = await captureFixture(upstream);
  return renderCallback(captured!, context).payload;
}

test.each(withDevices)(
  "never: a phone with the number of a device, when WhatsApp names one: %s",
  async (_, upstream) => {
    const payload = await payloadOf(upstream);
    expect(withDevice(payload)).toEqual([]);
    expect(JSON.stringify(payload)).not.toContain(":7");
  },
);

/** Messages that say nothing about themselves, and the zeros, falses, empty texts and nulls that are sent for it. */
const bare: readonly (readonly [kind: string, message: object, content: object])[] = [
  [
    "image",
    { imageMessage: {} },
    { image: { imageUrl: expect.anything(), caption: "", mimeType: "", viewOnce: false, width: 0, height: 0 } },
  ],
  [
    "video",
    { videoMessage: {} },
    { video: { caption: "", mimeType: "", width: 0, height: 0, seconds: 0, viewOnce: false, isGif: false } },
  ],
  ["ptv", { ptvMessage: {} }, { ptv: { caption: "", mimeType: "", width: 0, height: 0 } }],
  ["audio", { audioMessage: {} }, { audio: { ptt: false, seconds: 0, mimeType: "", viewOnce: false } }],
  [
    "document",
    { documentMessage: {} },
    { document: { caption: null, mimeType: "", title: "", pageCount: 0, fileName: "" } },
  ],
  ["sticker", { stickerMessage: {} }, { sticker: { mimeType: "", width: 0, height: 0, isAnimated: false } }],
  ["location", { locationMessage: {} }, { location: { longitude: 0, latitude: 0, address: "", url: "" } }],
  ["contact", { contactMessage: {} }, { contact: { displayName: "", vCard: "", phones: [] } }],
  ["contacts", { contactsArrayMessage: {} }, { contacts: [] }],
  ["poll", { pollCreationMessage: {} }, { poll: { question: "", pollMaxOptions: 0, options: [] } }],
  [
    "event",
    { eventMessage: {} },
    { event: { name: "", description: "", canceled: false, joinLink: "", scheduleTime: 0, location: {} } },
  ],
  [
    "order",
    { orderMessage: {} },
    { order: { itemCount: 0, orderId: "", message: "", orderTitle: "", total: 0, subTotal: 0, products: [] } },
  ],
  [
    "product",
    { productMessage: { product: {} } },
    { product: { productImage: null, productImageCount: 0, price: 0, productId: "", title: "", description: "" } },
  ],
  ["list", { listMessage: {} }, { listMessage: { description: "", footerText: "", title: "", sections: [] } }],
  ["buttons", { buttonsMessage: {} }, { buttonsMessage: { imageUrl: null, videoUrl: null, message: "", buttons: [] } }],
  [
    "newsletterAdminInvite",
    { newsletterAdminInviteMessage: {} },
    { newsletterAdminInvite: { newsletterId: "", newsletterName: "", text: "", inviteExpiration: 0 } },
  ],
];

describe("never: a zero, false, null or empty text that is left out", () => {
  test.each(bare)("%s", async (_, message, content) => {
    const upstream = upsert({ remoteJid: "5511900000009@s.whatsapp.net", fromMe: false }, message);
    expect(JSON.parse(JSON.stringify(await payloadOf(upstream)))).toMatchObject({
      ...content,
      isStatusReply: false,
      chatLid: null,
      isGroup: false,
      isNewsletter: false,
      fromMe: false,
      senderPhoto: null,
      photo: null,
      broadcast: false,
      participantLid: null,
      waitingMessage: false,
      isEdit: false,
      forwarded: false,
      fromApi: false,
    });
  });

  test("the timer of a message that says it has none", async () => {
    const message = { extendedTextMessage: { text: "x", contextInfo: {} } };
    const upstream = upsert({ remoteJid: "5511900000009@s.whatsapp.net", fromMe: false }, message);
    expect(await payloadOf(upstream)).toHaveProperty("messageExpirationSeconds", 0);
  });

  test("the device number of the phone itself in a receipt", () => {
    const receipt = fixtures.find(({ variant }) => variant.endsWith("status_RECEIVED_phone"));
    expect(receipt?.payload).toHaveProperty("phoneDevice", 0);
  });

  test("the nulls of a notification", () => {
    const notification = fixtures.find(({ variant }) => variant.endsWith("notification_GROUP_CREATE"));
    expect(notification?.payload).toMatchObject({
      expiresAt: null,
      referenceMessageId: null,
      externalAdReply: null,
      forwarded: false,
      callId: null,
      code: null,
    });
  });
});
