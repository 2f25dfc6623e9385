import { proto } from "@whiskeysockets/baileys";
import { expect, test } from "vitest";

import { renderCallback } from "#callbacks/catalogue.ts";

import { captureFixture, context } from "./fixture-world.ts";

/** Keys inside messages are written from their sender's side; customers see them from the account's. */
const contact = "5511900000002@s.whatsapp.net";
const member = "200000000000002@lid";
const group = "120363000000000001@g.us";
const own = "900000000000001@lid";

interface Pinned {
  readonly remoteJid: string;
  readonly fromMe: boolean;
  readonly participant?: string;
}

/** The pin of a message, as the client reports it. */
async function pin(
  chat: { readonly remoteJid: string; readonly fromMe: boolean; readonly participant?: string },
  key: Pinned,
) {
  const [captured] = await captureFixture({
    events: {
      "messages.upsert": {
        type: "notify",
        messages: [
          {
            key: { ...chat, id: "3EB0ANSWER" },
            messageTimestamp: 1_690_000_000,
            message: {
              pinInChatMessage: {
                key: { ...key, id: "3EB0PINNED" },
                type: proto.Message.PinInChatMessage.Type.PIN_FOR_ALL,
              },
            },
          },
        ],
      },
    },
  });
  const { payload } = renderCallback(captured!, context);
  return (payload["pinMessage"] as { referencedMessage: unknown }).referencedMessage;
}

test.each([
  ["the contact pins its own message", false, { remoteJid: own, fromMe: true }, false],
  ["the contact pins ours", false, { remoteJid: own, fromMe: false }, true],
  ["our phone pins our message", true, { remoteJid: contact, fromMe: true }, true],
  ["our phone pins the contact's", true, { remoteJid: contact, fromMe: false }, false],
])("in a chat of two: %s", async (_, fromMe, key, mine) => {
  expect(await pin({ remoteJid: contact, fromMe }, key)).toEqual({
    messageId: "3EB0PINNED",
    fromMe: mine,
    phone: "5511900000002",
    participant: null,
  });
});

test.each([
  ["a member pins its own message", { fromMe: true }, false, "5511900000002"],
  ["a member pins ours", { fromMe: false, participant: own }, true, "5511900000001"],
  ["a member pins somebody else's", { fromMe: false, participant: "300000000000003@lid" }, false, "5511900000003"],
])("in a group: %s", async (_, key, mine, participant) => {
  const chat = { remoteJid: group, fromMe: false, participant: member };
  expect(await pin(chat, { remoteJid: group, ...key })).toMatchObject({ fromMe: mine, participant });
});
