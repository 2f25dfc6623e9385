import { expect, test } from "vitest";
import { deliveryEvent } from "#queue/delivery-event.ts";
import type { QueuedMessage } from "#store/queue.ts";
import { one, text } from "./support.ts";

const phone = "5511999990000";
const person = `${phone}@s.whatsapp.net`;

test.each<[string, { to: string; chatId?: string; known?: boolean }, object]>([
  ["a number", { to: person, chatId: person }, { chatId: person, phone }],
  ["a number whose LID is known", { to: person, known: true }, { chatId: person, phone, chatLid: "77@lid" }],
  [
    "a number the server knows by LID",
    { to: person, chatId: "77@lid" },
    { chatId: person, address: "77@lid", phone, chatLid: "77@lid" },
  ],
  [
    "a LID with a known number",
    { to: "77@lid", known: true },
    { chatId: person, address: "77@lid", phone, chatLid: "77@lid" },
  ],
  ["a LID without a number", { to: "78@lid" }, { chatId: "78@lid", chatLid: "78@lid" }],
  ["a group", { to: "120363@g.us", chatId: "120363@g.us" }, { chatId: "120363@g.us" }],
])("delivery event: the chat of %s", async (_name, { to, chatId, known }, chat) => {
  const directory = {
    phoneOf: async ({ lid }: { lid: string }) => (known && lid === "77" ? phone : undefined),
    lidOf: async () => (known ? "77" : undefined),
  };
  const message: QueuedMessage = {
    zaapId: "Z",
    instanceId: one,
    messageId: "3EB0",
    sequence: 1,
    chatId: to,
    outgoing: text("hello", to),
    state: "sending",
    attempts: 0,
    dueAt: 0,
    typingMs: 0,
    createdAt: 0,
    updatedAt: 0,
  };
  const event = await deliveryEvent({ directory }, { message, ...(chatId === undefined ? {} : { chatId }), at: 5 });
  expect(event).toEqual({ kind: "delivery", chat, zaapId: "Z", messageId: "3EB0", at: 5 });
});
