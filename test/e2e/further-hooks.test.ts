import { afterAll, beforeAll, expect, test } from "vitest";
import { openScenario, type Scenario } from "../scenarios/rig.ts";
import { until } from "../support/processes.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";

// Only ever waited out by a failure.
const withinMs = 45_000;

let scenario: Scenario;
let further: Receiver;
beforeAll(async () => {
  scenario = await openScenario();
  further = await startReceiver();
  // The rig's receiver has the URL of every slot; this one is told of messages only.
  const body = { further: [{ url: further.url, slots: ["received"] }] };
  expect(await scenario.ask("PUT", "/webhooks/further", body)).toEqual({ status: 200, body });
});
afterAll(async () => {
  await scenario?.[Symbol.asyncDispose]();
  await further?.[Symbol.asyncDispose]();
});

test.each(["further hook", "slot"] as const)(
  "while the receiver of the %s is down the other gets all",
  async (down) => {
    const [up, away] = down === "slot" ? [further, scenario.receiver] : [scenario.receiver, further];
    await away.down();
    const received: string[] = [];
    for (const text of ["one", "two", "three"]) received.push(await scenario.receive({ text: `${down} ${text}` }));
    // The own message is told of, too, as the instance wants it; it may overtake them.
    const sent = await scenario.send("/send-text", { message: `${down} four` });
    const ids = [...received, sent.messageId];
    await told(up, ids);
    expect(messagesOf(away, ids)).toEqual([]);
    expect(await waitingFor(away.url)).toBeGreaterThanOrEqual(ids.length);
    await until(async () => (await waitingFor(up.url)) === 0, { what: `nothing waits for ${up.url}`, withinMs });

    await away.up();
    await told(away, ids);
    const [first, second] = [messagesOf(up, ids), messagesOf(away, ids)];
    expect(first.flatMap(({ messageId }) => (messageId === sent.messageId ? [] : [messageId]))).toEqual(received);
    expect(second).toEqual(first);
    expect(first.map(({ sequence }) => sequence)).toEqual(
      first.map(({ sequence }) => sequence).toSorted((x, y) => x - y),
    );
  },
);

test("each gets what its slots say", async () => {
  const messageId = await scenario.receive({ text: "for both" });
  await told(scenario.receiver, [messageId]);
  await told(further, [messageId]);
  const typesAt = (receiver: Receiver) =>
    new Set(receiver.taken.map(({ headers }) => String(headers["x-wazapi-event-type"])));
  expect([...typesAt(further)]).toEqual(["ReceivedCallback"]);
  expect([...typesAt(scenario.receiver)]).toEqual(expect.arrayContaining(["ReceivedCallback", "DeliveryCallback"]));
});

/** Waits until a receiver was told of all these messages. */
async function told(receiver: Receiver, ids: readonly string[]): Promise<void> {
  await until(() => messagesOf(receiver, ids).length === ids.length, {
    what: `${ids.join()} at ${receiver.url}, log: ${JSON.stringify(scenario.logged)}`,
    withinMs,
  });
}

/** What a receiver took of these messages, in the order in which it heard of each first. */
function messagesOf(receiver: Receiver, ids: readonly string[]) {
  const found = new Map<string, { messageId: string; webhookId: unknown; sequence: number }>();
  for (const { body, headers, sequence } of receiver.taken) {
    const { type, messageId } = JSON.parse(body) as { readonly type?: string; readonly messageId?: string };
    if (type !== "ReceivedCallback" || messageId === undefined || !ids.includes(messageId)) continue;
    if (!found.has(messageId)) found.set(messageId, { messageId, webhookId: headers["webhook-id"], sequence });
  }
  return [...found.values()];
}

/** How many deliveries wait for a URL. */
async function waitingFor(url: string): Promise<number> {
  const { body } = await scenario.ask("GET", "/webhooks");
  const lanes = body["lanes"] as readonly { readonly url: string; readonly pending: number }[];
  return lanes.find((lane) => lane.url === url)?.pending ?? 0;
}
