import { afterAll, beforeAll, expect, test } from "vitest";
import { openScenario, type Scenario } from "./rig.ts";

/** What an instance does by itself, switched by its routes. */
const parts = new AsyncDisposableStack();
let scenario: Scenario;
beforeAll(async () => {
  scenario = parts.use(await openScenario({ env: { WAZAPI_PROFILES_EVERY: "10ms" } }));
}, 60_000);
afterAll(() => parts.disposeAsync(), 60_000);

const wait = { timeout: 45_000, interval: 20 };
/** Whether the instance's device sent a stanza like this. */
const wrote = (pattern: RegExp, mention: string): boolean =>
  scenario.sandbox.control
    .trace()
    .stanzas.some(({ direction, stanza }) => direction === "in" && pattern.test(stanza) && stanza.includes(mention));
const isRead = (messageId: string): boolean => wrote(/^<receipt [^>]*type=['"]read['"]/, messageId);

test("update-auto-read-message: what is received after it is read", async () => {
  expect((await scenario.ask("PUT", "/update-auto-read-message", { value: true })).status).toBe(200);
  const messageId = await scenario.receive({ text: "read me" });
  await expect.poll(() => isRead(messageId), wait).toBe(true);
});

test("update-auto-read-status: a status is read only with it", async () => {
  const silent = await scenario.receive({ text: "a status" }, { to: "status@broadcast" });
  const behind = await scenario.receive({ text: "behind it" });
  await expect.poll(() => isRead(behind), wait).toBe(true);
  expect(isRead(silent)).toBe(false);
  expect((await scenario.ask("PUT", "/update-auto-read-status", { value: true })).status).toBe(200);
  const seen = await scenario.receive({ text: "another status" }, { to: "status@broadcast" });
  await expect.poll(() => isRead(seen), wait).toBe(true);
});

test("update-call-reject-auto and -message: the call is rejected and the caller is told why", async () => {
  const { sandbox, contact, own } = scenario;
  await scenario.ask("PUT", "/update-call-reject-auto", { value: true });
  await scenario.ask("PUT", "/update-call-reject-message", { value: "Please write instead" });
  const { callId } = await sandbox.control.call({ number: contact, to: own, video: true });
  await expect.poll(() => wrote(/<reject /, callId), wait).toBe(true);
  await expect
    .poll(async () => (await scenario.inbox()).map(({ text }) => text), wait)
    .toEqual(["Please write instead"]);
});

test("pictures come in the background: webhooks have them once they are known", async () => {
  await scenario.receive({ text: "who am I" });
  const withPhoto = async (): Promise<unknown> => {
    const messageId = await scenario.receive({ text: "and now" });
    const body = await scenario.webhook("its message", (hook) => hook["messageId"] === messageId);
    return body["photo"];
  };
  await expect.poll(withPhoto, wait).toMatch(/^https:/);
});
