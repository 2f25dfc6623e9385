import { afterAll, beforeAll, expect, test } from "vitest";
import { openScenario, type Scenario } from "./rig.ts";

const hidden = "5531966665555";
let world: Scenario;

beforeAll(async () => {
  world = await openScenario();
  await world.sandbox.control.addContact({ number: hidden, name: "Caio", username: "caio.silva" });
});

afterAll(async () => {
  await world[Symbol.asyncDispose]();
});

test("somebody with a username writes, is named, and can be answered and reacted to", async () => {
  const id = await world.receive({ text: "who am I?" }, { from: hidden });
  const webhook = await world.webhook("their text", ({ messageId }) => messageId === id);
  expect(webhook).toMatchObject({ text: { message: "who am I?" }, senderUsername: "caio.silva", isGroup: false });
  const { lid } = world.sandbox.control.state().contacts.find(({ number }) => number === hidden)!;
  expect(webhook).toMatchObject({ phone: `${lid}@lid` });
  expect(JSON.stringify(webhook)).not.toContain(hidden);

  const { entry } = await world.send("/send-text", { phone: webhook["phone"], message: "Caio" }, { to: hidden });
  expect(entry).toMatchObject({ text: "Caio", copies: 1 });
  const reaction = { phone: webhook["phone"], messageId: id, reaction: "👋" };
  expect((await world.send("/send-reaction", reaction, { to: hidden })).entry).toMatchObject({ type: "reaction" });
});

test("in a group the member who shows no number is named", async () => {
  const group = world.group.jid;
  await world.sandbox.control.groupParticipants({ group, action: "add", participants: [hidden], by: world.own });
  const id = await world.receive({ text: "all of you" }, { from: hidden, to: group });
  const webhook = await world.webhook("the text in the group", ({ messageId }) => messageId === id);
  expect(webhook).toMatchObject({ text: { message: "all of you" }, isGroup: true, senderUsername: "caio.silva" });
  expect(JSON.stringify(webhook)).not.toContain(hidden);
});
