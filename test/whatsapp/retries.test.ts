import { randomInt } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { OutgoingContent } from "#domain/content.ts";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { eventually } from "../sandbox/eventually.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { openSessionRig, type SessionRig } from "./session-rig.ts";

const dayMs = 86_400_000;
const signal = AbortSignal.timeout(120_000);
let sandbox: Sandbox;
let rig: SessionRig;

beforeAll(async () => {
  sandbox = await openTestSandbox();
  rig = await openSessionRig(sandbox, { retries: { answerEveryMs: 1, maxAgeMs: 14 * dayMs } });
  await rig.pair();
});

afterAll(async () => {
  await rig[Symbol.asyncDispose]();
  await sandbox[Symbol.asyncDispose]();
});

const somebody = (): string => `55219${randomInt(10_000_000, 99_999_999)}`;
const newId = (): string => `3EB0${randomInt(0x10_00_00, 0xff_ff_ff).toString(16).toUpperCase()}`;

/** Everything with this id that left so far. */
const sentUnder = (id: string): string[] =>
  sandbox.control
    .trace()
    .stanzas.filter(({ direction, stanza }) => direction === "in" && stanza.startsWith("<message "))
    .flatMap(({ stanza }) => (stanza.includes(` id="${id}"`) ? [stanza] : []));

const inboxOf = async (number: string, id: string) =>
  (await sandbox.control.inbox({ number }, signal)).filter(({ messageId }) => messageId === id);

const settled = () =>
  eventually(() => sandbox.control.state().devices.find(({ number }) => number === rig.number)?.queued).toBe(0);

/** Sends and stores, as the queue does. */
async function send(to: string, content: OutgoingContent, more: { ageMs?: number; id?: string } = {}): Promise<string> {
  const { instanceId } = rig;
  const { id: messageId = newId(), ageMs = 0 } = more;
  const jid = to.includes("@") ? to : `${to}@s.whatsapp.net`;
  const result = await rig.sessions.send(
    { instanceId, messageId, ackTimeoutMs: 5_000, outgoing: { to: jid, content, options: {} } },
    signal,
  );
  if (result.outcome !== "acked") throw new Error(result.error);
  const { chatId, senderId, type, proto } = result;
  const row = { instanceId, chatId, messageId, fromMe: true, senderId, type, proto, at: result.at - ageMs };
  await rig.store.messages.put({ messages: [row] });
  return messageId;
}

const text = (words: string, editMessageId?: string): OutgoingContent => ({
  kind: "text",
  text: words,
  ...(editMessageId !== undefined && { editMessageId }),
});

async function groupWith(...participants: string[]): Promise<string> {
  return (await sandbox.control.createGroup({ subject: "G", participants: [rig.number, ...participants] })).id;
}

async function reconnect(): Promise<void> {
  await sandbox.control.addFault({ type: "tcp-drop", match: { number: rig.number } });
  await eventually(() => sandbox.control.state().devices.find(({ number }) => number === rig.number)?.online).toBe(
    true,
  );
  await rig.sessions.untilOpen(rig.instanceId, signal);
}

test("twenty members ask three times each: everybody is answered alone, and the account is not locked", async () => {
  // Here a minute of answers leaves within a second; four to the whole group would still lock the account.
  await sandbox.control.behaviour({ groupThrottle: 80 });
  const people = Array.from({ length: 20 }, somebody);
  const group = await groupWith(...people);
  await send(group, text("warm up"));
  for (const number of people) await sandbox.control.addFault({ type: "decrypt-fail", match: { number }, times: 3 });
  const id = await send(group, text("the message"));
  const copies = async () =>
    Promise.all(people.map(async (number) => (await inboxOf(number, id)).map((entry) => entry.copies)));
  await eventually(copies).toEqual(people.map(() => [1]));
  await settled();
  const [first, ...answers] = sentUnder(id);
  expect(first).toContain(`type="skmsg"`);
  expect(answers).toHaveLength(60);
  expect(answers.every((stanza) => stanza.match(/<enc /g)?.length === 1 && stanza.includes(" participant="))).toBe(
    true,
  );
  const next = await send(group, text("and on"));
  await eventually(async () => (await inboxOf(people[0]!, next)).length).toBe(1);
  expect(sandbox.control.trace().refusals).toEqual([]);
});

test("in a private chat only the device that asks is answered", async () => {
  const number = somebody();
  await sandbox.control.addContact({ number, devices: 3 });
  await sandbox.control.addFault({ type: "decrypt-fail", match: { number } });
  const id = await send(number, text("once more"));
  await eventually(async () => (await inboxOf(number, id)).map(({ copies }) => copies)).toEqual([1]);
  await settled();
  const [, ...answers] = sentUnder(id);
  expect(answers).toHaveLength(1);
  expect(answers[0]).not.toContain("<participants>");
});

test("the own phone asks: it gets the copy that says which chat it is in", async () => {
  const id = await send(rig.contact, text("mine"));
  await sandbox.control.retry({ number: rig.number, messageId: id, chat: rig.contact });
  await eventually(() => sentUnder(id).length).toBe(2);
  // As the chat is named: by LID, since the account was migrated.
  const { lid } = await sandbox.control.addContact({ number: rig.contact });
  expect(sentUnder(id)[1]).toMatch(new RegExp(`recipient="${lid}@lid"`));
  await settled();
});

test("a device asks for the same message again and again: five answers, every request acknowledged", async () => {
  const id = await send(rig.contact, text("often"));
  for (let count = 1; count <= 9; count += 1) await sandbox.control.retry({ number: rig.contact, messageId: id });
  await settled();
  expect(sentUnder(id)).toHaveLength(1 + 5);
});

/** What is asked for: answers the id, the text that may come, and who asks. */
const lateRequests = {
  "taken back, in a private chat": async () => {
    const number = somebody();
    const id = await send(number, text("secret"));
    await rig.sessions.deleteMessage(
      { instanceId: rig.instanceId, messageId: id, chat: `${number}@s.whatsapp.net`, fromMe: true },
      signal,
    );
    return { number, id, chat: rig.number, expected: undefined };
  },
  "taken back, in a group": async () => {
    const number = somebody();
    const chat = await groupWith(number);
    const id = await send(chat, text("secret"));
    const { instanceId } = rig;
    await rig.sessions.deleteMessage({ instanceId, messageId: id, chat, fromMe: true }, signal);
    return { number, id, chat, expected: undefined };
  },
  "older than two weeks": async () => {
    const number = somebody();
    const id = await send(number, text("old"), { ageMs: 15 * dayMs });
    return { number, id, chat: rig.number, expected: undefined };
  },
  "ten days old": async () => {
    const number = somebody();
    const id = await send(number, text("not that old"), { ageMs: 10 * dayMs });
    return { number, id, chat: rig.number, expected: "not that old" };
  },
  "edited since": async () => {
    const [member, number] = [somebody(), somebody()];
    const chat = await groupWith(member);
    const id = await send(chat, text("before"));
    await send(chat, text("after", id));
    // Somebody who has never seen the message shows what comes now.
    await sandbox.control.groupParticipants({ group: chat, action: "add", participants: [number] });
    await settled();
    return { number, id, chat, expected: "after" };
  },
  "the edit of one that was taken back": async () => {
    const number = somebody();
    const first = await send(number, text("before"));
    const id = await send(number, text("after", first));
    const { instanceId } = rig;
    const chat = `${number}@s.whatsapp.net`;
    await rig.sessions.deleteMessage({ instanceId, messageId: first, chat, fromMe: true }, signal);
    return { number, id, chat: rig.number, expected: undefined };
  },
  "written to somebody else": async () => {
    const id = await send(somebody(), text("not for you"));
    return { number: somebody(), id, chat: rig.number, expected: undefined };
  },
  "of a group that it has left": async () => {
    const number = somebody();
    const chat = await groupWith(number, somebody());
    const id = await send(chat, text("before it left"));
    await sandbox.control.groupParticipants({ group: chat, action: "remove", participants: [number] });
    await settled();
    return { number, id, chat, expected: undefined };
  },
  "that nobody here ever sent": async () => ({
    number: rig.contact,
    id: newId(),
    chat: rig.number,
    expected: undefined,
  }),
};

test.each(Object.entries(lateRequests))("a phone asks for a message %s", async (_name, prepare) => {
  const { number, id, chat, expected } = await prepare();
  for (const when of ["at once", "after a reconnect"]) {
    if (when === "after a reconnect") await reconnect();
    const before = sentUnder(id).length;
    await sandbox.control.retry({ number, messageId: id, chat, count: 2 });
    await settled();
    expect(sentUnder(id).length - before, when).toBe(expected === undefined ? 0 : 1);
  }
  if (expected !== undefined) expect((await inboxOf(number, id)).at(-1)?.text).toBe(expected);
});

test("what cannot be read is asked for with the reason", async () => {
  const number = somebody();
  const say = async (words: string, corrupt: boolean) =>
    sandbox.control.contactSend({ number, to: rig.number, content: { text: words }, corrupt }, signal);
  await say("readable", false);
  const { messageIds } = await say("damaged", true);
  await eventually(() => rig.texts()).toContain("damaged");
  const asked = sandbox.control
    .trace()
    .stanzas.filter(({ stanza }) => stanza.startsWith("<receipt ") && stanza.includes(` id="${messageIds[0]}"`))
    .flatMap(({ stanza }) => / error="(\d+)"/.exec(stanza)?.[1] ?? []);
  expect(asked).toEqual([expect.stringMatching(/^[47]$/)]);
});

test("a status is sent again to the one who asks, with the key", async () => {
  const number = somebody();
  const { instanceId } = rig;
  await rig.store.directory.putContacts({
    instanceId,
    contacts: [{ contactId: `${number}@s.whatsapp.net`, name: "Reader" }],
  });
  await sandbox.control.addFault({ type: "decrypt-fail", match: { number } });
  const id = await send("status@broadcast", text("my status"));
  await eventually(async () => (await inboxOf(number, id)).map((entry) => entry.copies)).toEqual([1]);
  await settled();
  const [, ...answers] = sentUnder(id);
  expect(answers.map((stanza) => /to="status@broadcast" participant="\d+@/.test(stanza))).toEqual([true]);
});

test("a member that is refused gets the key with the next message to the group", async () => {
  const number = somebody();
  const chat = await groupWith(number, somebody());
  await send(chat, text("first"));
  await sandbox.control.retry({ number, messageId: newId(), chat });
  await settled();
  const next = await send(chat, text("next"));
  expect(sentUnder(next)[0]?.match(/<to /g)).toHaveLength(1);
});
