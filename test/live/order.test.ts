import { expect, test } from "vitest";

import { samples } from "#cli/trigger/samples.ts";
import type { Fault } from "#sandbox/fault.ts";

import { openScenario, type WebhookBody } from "../scenarios/rig.ts";
import { until } from "../support/processes.ts";

/** The whole program while what it asks WhatsApp for is slow or refused. */
const patienceMs = 90_000;
const strangers = ["5511900000101", "5511900000102", "5511900000103"] as const;
const rounds = 12;

const pictures = { xmlns: "w:profile:picture" };

test.each<[string, readonly Fault[]]>([
  ["pictures of people are forbidden", [{ type: "iq-error", match: pictures, times: 500, code: 401 }]],
  ["files cannot be downloaded", [{ type: "download-fail", times: 20, code: 503 }]],
  [
    "pictures are forbidden and files cannot be downloaded",
    [
      { type: "iq-error", match: pictures, times: 500, code: 401 },
      { type: "download-fail", times: 20, code: 503 },
    ],
  ],
])("live: what strangers send arrives once and in order while %s", { timeout: 2 * patienceMs }, async (_, faults) => {
  await using scenario = await openScenario({ env: { WAZAPI_PROFILES_EVERY: "10ms" } });
  for (const fault of faults) await scenario.sandbox.control.addFault(fault);
  const sent: string[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const from of strangers) {
      sent.push(
        await scenario.receive(round % 3 === 0 ? { image: samples.picture } : { text: `text ${round}` }, { from }),
      );
    }
  }
  const fromStrangers = (): readonly WebhookBody[] =>
    scenario.webhooks().filter((body) => body["type"] === "ReceivedCallback" && !("notification" in body));
  await until(() => fromStrangers().length >= sent.length, {
    what: `${sent.length} messages, came ${fromStrangers().length}: ${JSON.stringify(scenario.logged).slice(0, 2000)}`,
    withinMs: patienceMs,
    everyMs: 20,
  });
  expect(fromStrangers().map((body) => body["messageId"])).toEqual(sent);
  const numbers = new Set(fromStrangers().map((body) => body["phone"]));
  expect([...numbers].sort()).toEqual([...strangers]);
  // Each fault has struck: nothing of this is shown by questions that nobody asked.
  const unused = () =>
    faults.filter(({ type, times }) =>
      scenario.sandbox.control.state().faults.some((left) => left.type === type && left.times === times),
    );
  await until(() => unused().length === 0, { what: "every fault strikes", withinMs: patienceMs, everyMs: 20 });
  const sequence = scenario.receiver.taken.map(({ sequence }) => sequence);
  expect(sequence).toEqual(sequence.toSorted((one, next) => one - next));
});
