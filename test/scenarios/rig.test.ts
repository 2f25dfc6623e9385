import { afterAll, beforeAll, expect, test } from "vitest";
import { openScenario, type Scenario } from "./rig.ts";

/** The rig itself: what every scenario stands on. */
const parts = new AsyncDisposableStack();
let scenario: Scenario;
beforeAll(async () => {
  scenario = parts.use(await openScenario());
}, 60_000);
afterAll(() => parts.disposeAsync(), 60_000);

test("a text reaches a contact and a group, and what they write comes back by webhook", async () => {
  const { contact, other, group } = scenario;
  const one = await scenario.send("/send-text", { message: "to Ana" });
  expect(one.entry).toMatchObject({ type: "text", text: "to Ana", copies: 1 });
  const all = await scenario.send("/send-text", { phone: group.phone, message: "to all" }, { to: other });
  expect(all.entry).toMatchObject({ type: "text", text: "to all", chat: group.jid });
  for (const to of [scenario.own, group.jid]) {
    const messageId = await scenario.receive({ text: "from Ana" }, { to });
    const body = await scenario.webhook("the text of Ana", (hook) => hook["messageId"] === messageId);
    expect(body).toMatchObject({ type: "ReceivedCallback", fromMe: false, text: { message: "from Ana" } });
  }
  expect((await scenario.inbox(contact)).length).toBeGreaterThan(1);
  await expect(scenario.send("/send-text", { message: 7 })).rejects.toThrow("400");
});
