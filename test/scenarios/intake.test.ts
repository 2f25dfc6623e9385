import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { StanzaJson } from "#sandbox/tell.ts";

import { until } from "../support/processes.ts";
import { openScenario, type Scenario } from "./rig.ts";

let scenario: Scenario;
beforeAll(async () => {
  scenario = await openScenario();
});
afterAll(() => scenario[Symbol.asyncDispose]());

const received = (): string[] =>
  scenario
    .webhooks()
    .flatMap(({ type, fromMe, text }) =>
      type === "ReceivedCallback" && fromMe === false ? [(Object(text) as { message?: string }).message ?? ""] : [],
    );
const queued = (): number | undefined =>
  scenario.sandbox.control.state().devices.find(({ number }) => number === scenario.own)?.queued;
const empty = async (): Promise<void> => {
  await until(() => queued() === 0, { what: "an empty queue", withinMs: 45_000 });
};

describe("webhooks after a night", () => {
  test("all that waited and what came after it, in order", { timeout: 120_000 }, async () => {
    const { sandbox, own, contact } = scenario;
    await empty();
    await sandbox.control.addFault({ type: "disconnect", match: { number: own }, code: 503, times: 10_000 });
    await sandbox.control.contactSend(
      { number: contact, to: own, content: { text: "m{n}" }, count: 250 },
      AbortSignal.timeout(45_000),
    );
    await sandbox.control.clearFaults();
    await scenario.receive({ text: "live" });
    await until(() => received().includes("live"), { what: "the live one", withinMs: 60_000 });
    expect(received()).toEqual([...Array.from({ length: 250 }, (_, n) => `m${n + 1}`), "live"]);
    await empty();
  });
});

test("what cannot be placed: a webhook and a line in the log each, and an empty queue", async () => {
  const { sandbox, own } = scenario;
  const none: StanzaJson = { tag: "unavailable", attrs: {} };
  const before = scenario.webhooks().length;
  const lines = (): number =>
    scenario.logged.filter(({ message }) => message === "a message could not be placed").length;
  const from = ["867051314767696@bot", "867051314767697@bot", "12345@interop", scenario.group.jid, "x@elsewhere"];
  for (const [n, jid] of from.entries()) {
    const attrs = { id: `U${n}`, from: jid, type: "text" };
    await sandbox.control.stanza({ number: own, stanza: { tag: "message", attrs, content: [none] } });
  }
  const waiting = (): unknown[] =>
    scenario
      .webhooks()
      .slice(before)
      .flatMap(({ waitingMessage, messageId }) => (waitingMessage === true ? [messageId] : []));
  await until(() => waiting().length === from.length, { what: "five webhooks", withinMs: 45_000 });
  expect(new Set(waiting())).toEqual(new Set(from.map((_, n) => `U${n}`)));
  await empty();
  expect(lines()).toBe(from.length);
});
