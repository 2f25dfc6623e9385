import { afterAll, beforeAll, expect, test } from "vitest";
import { proto } from "@whiskeysockets/baileys";
import { fieldWith } from "#lib/protobuf-fields.ts";
import { openScenario, type Scenario, type WebhookBody } from "./rig.ts";

/** GET chat-messages: what is stored, and what the phone still has. */
const parts = new AsyncDisposableStack();
let scenario: Scenario;
beforeAll(async () => {
  scenario = parts.use(await openScenario({ env: { WAZAPI_PROFILES_EVERY: "0" } }));
}, 60_000);
afterAll(() => parts.disposeAsync(), 60_000);

const wait = { timeout: 45_000, interval: 50 };
const page = async (phone: string, query: string): Promise<readonly WebhookBody[]> => {
  const { status, body } = await scenario.ask("GET", `/chat-messages/${phone}?${query}`);
  expect(status).toBe(200);
  return body as unknown as readonly WebhookBody[];
};
const texts = (bodies: readonly WebhookBody[]) =>
  bodies.map(({ text }) => (text as { readonly message?: string } | undefined)?.message);

test("what passed comes page by page, each message as in its webhook", async () => {
  const { contact } = scenario;
  const ids: string[] = [];
  for (const text of ["first", "second", "third"]) ids.push(await scenario.receive({ text }));
  const webhook = await scenario.webhook("the last one", ({ messageId }) => messageId === ids[2]);
  // Sent last: times of received messages are whole seconds, those of ours are not.
  ids.push((await scenario.send("/send-text", { message: "fourth" })).messageId);
  await scenario.webhook("our own", ({ messageId, type }) => messageId === ids[3] && type === "ReceivedCallback");
  const newest = await page(contact, "amount=2");
  expect(newest.map(({ messageId }) => messageId)).toEqual([ids[3], ids[2]]);
  // The chat got a name or a picture meanwhile at most.
  expect(newest[0]).toMatchObject({ fromMe: true, phone: contact, text: { message: "fourth" } });
  expect(newest[1]).toMatchObject({ ...webhook, chatName: expect.any(String), senderName: expect.any(String) });
  const older = await page(contact, `amount=2&lastMessageId=${ids[2]}`);
  expect(texts(older)).toEqual(["second", "first"]);
});

test("what is not stored is asked of the phone", async () => {
  const { sandbox, own } = scenario;
  const somebody = "5521944445555";
  await sandbox.control.history({ number: own, contacts: [somebody], messages: 6, headsOnly: true });
  let found: readonly WebhookBody[] = [];
  await expect
    .poll(async () => texts((found = await page(somebody, "amount=3"))), wait)
    .toEqual(["history 6", "history 5", "history 4"]);
  const rest = await page(somebody, `amount=10&lastMessageId=${String(found.at(-1)?.["messageId"])}`);
  expect(texts(rest)).toEqual(["history 3", "history 2", "history 1"]);
  // History is told to nobody as a message.
  expect(scenario.webhooks().filter(({ phone, type }) => phone === somebody && type === "ReceivedCallback")).toEqual(
    [],
  );
});

test.each(["in the chunk", "when the phone is asked"])("what is younger than our protobuf is kept: %s", async (how) => {
  const { sandbox, own } = scenario;
  const somebody = how === "in the chunk" ? "5521944446661" : "5521944446662";
  const secret = proto.Message.encode({ messageContextInfo: { messageSecret: Buffer.alloc(32, 7) } }).finish();
  const music = fieldWith(2, Buffer.from("what it says"));
  const raw = Buffer.concat([secret, fieldWith(129, music)]).toString("base64");
  const headsOnly = how !== "in the chunk";
  await sandbox.control.history({ number: own, contacts: [somebody], messages: 2, raw, headsOnly });
  let found: readonly WebhookBody[] = [];
  await expect.poll(async () => (found = await page(somebody, "amount=2")).length, wait).toBe(2);
  expect(found).toMatchObject([
    { contentType: "music", musicMessage: { field: 129, base64: Buffer.from(music).toString("base64") } },
    { text: { message: "history 1" } },
  ]);
});

test("nothing is behind a message that nobody knows", async () => {
  expect(await page(scenario.contact, "amount=5&lastMessageId=NOTHING")).toEqual([]);
  expect((await scenario.ask("GET", `/chat-messages/${scenario.contact}?amount=0`)).status).toBe(400);
});
