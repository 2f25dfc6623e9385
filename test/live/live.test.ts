import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";

import { readEventStream } from "#cli/event-stream.ts";
import { samples } from "#cli/trigger/samples.ts";
import { isTyped, triggers } from "#cli/trigger/table.ts";
import type { Trigger } from "#cli/trigger/trigger.ts";
import { createSandboxClient } from "#sandbox/client.ts";
import type { SandboxClient } from "#sandbox/client.ts";

import { openScenario, type Scenario, type WebhookBody } from "../scenarios/rig.ts";
import { until } from "../support/processes.ts";
import { expectedOf } from "./expected.ts";
import { expectHonest } from "./honest.ts";
import { difference, keyPaths } from "./key-paths.ts";

/** Everything a contact or the own phone can do, through the whole program, to a receiver. */
const cases = Object.entries(triggers).flatMap(([name, { webhook, fire }]) => {
  if (webhook === undefined) return [];
  const trigger = { webhook, fire };
  return [
    { name, trigger, onOwnPhone: false, inGroup: false, who: "contact" },
    ...(isTyped(name)
      ? [
          { name, trigger, onOwnPhone: true, inGroup: false, who: "own phone" },
          { name, trigger, onOwnPhone: false, inGroup: true, who: "member" },
          { name, trigger, onOwnPhone: true, inGroup: true, who: "own phone, in a group" },
        ]
      : []),
  ];
});
const silent = Object.entries(triggers).filter(([, { webhook }]) => webhook === undefined);

const patienceMs = 60_000;

/** One line of the table that is printed at the end. */
interface Row {
  readonly kind: string;
  readonly who: string;
  readonly webhook: string;
  ms: number | undefined;
  ok: boolean;
}

const rows: Row[] = [];
let scenario: Scenario;
let sandbox: SandboxClient;

beforeAll(async () => {
  scenario = await openScenario({ sentByMe: true });
  sandbox = createSandboxClient({ url: scenario.sandbox.url });
});

afterAll(async () => {
  console.log(tableOf(rows));
  await scenario[Symbol.asyncDispose]();
});

test.each(cases)(
  "live: $name, by the $who",
  { timeout: 2 * patienceMs },
  async ({ name, trigger, onOwnPhone, inGroup, who }) => {
    const row: Row = { kind: name, who, webhook: trigger.webhook, ms: undefined, ok: false };
    rows.push(row);
    const before = scenario.receiver.taken.length;
    const startedMs = performance.now();
    const ids = await trigger.fire({
      sandbox,
      own: scenario.own,
      contact: scenario.contact,
      onOwnPhone,
      ...(inGroup && { group: scenario.group.jid }),
      text: undefined,
      now: Date.now,
      signal: AbortSignal.timeout(patienceMs),
    });
    const came = (): readonly WebhookBody[] => scenario.webhooks().slice(before);
    const expected = expectedOf[name];
    expect(expected, "an entry in expected.ts").toBeDefined();
    const { fixture, more = [], less = [], status, phone, isOwn = onOwnPhone } = expected!;
    const fits = fitOf(trigger, { id: ids.at(-1), status });
    const body = await until(() => came().find(fits), {
      what: `${trigger.webhook}; came: ${JSON.stringify(came())}`,
      withinMs: patienceMs,
      everyMs: 2,
    });
    row.ms = Math.round(performance.now() - startedMs);

    const hasFile = ["image", "video", "ptv", "audio", "document", "sticker"].some((key) => key in body);
    expect(linksOf(body).length > 0, "a file has a link").toBe(hasFile);
    const [type] = trigger.webhook.split(".");
    const sample: unknown = JSON.parse(
      readFileSync(new URL(`../callbacks/${type}/${fixture}.payload.json`, import.meta.url), "utf8"),
    );
    const group = { isGroup: inGroup, more, less };
    expect(difference(keyPaths(body), keyPaths(sample))).toEqual(inChat(keyPaths(sample), group));
    if (phone !== undefined) expect(body["phone"]).toEqual(phone);
    if (isTyped(name))
      expect([body["isGroup"], body["phone"]]).toEqual([inGroup, inGroup ? scenario.group.phone : scenario.contact]);
    if (type === "ReceivedCallback") expect(body["fromMe"]).toBe(isOwn);
    // Each answers a message of its own author.
    for (const reference of referencesOf(body)) {
      const author = onOwnPhone ? scenario.own : scenario.contact;
      expect(reference).toMatchObject({
        fromMe: onOwnPhone,
        phone: inGroup ? scenario.group.phone : scenario.contact,
        participant: inGroup ? author : null,
      });
    }
    for (const url of linksOf(body)) await expectSample(url);
    for (const each of came()) expectHonest(each, { from: Date.now() - 2 * patienceMs, to: Date.now() + 86_400_000 });
    row.ok = true;
  },
);

test.each(silent)(
  "live: %s leads to no webhook, is confirmed and shown",
  { timeout: patienceMs },
  async (_, { fire }) => {
    const before = scenario.receiver.taken.length;
    const { own, contact } = scenario;
    const stage = { sandbox, own, contact, onOwnPhone: false, text: undefined, now: Date.now };
    await fire({ ...stage, signal: AbortSignal.timeout(patienceMs) });
    const queued = async () => (await sandbox.state()).devices.find(({ number }) => number === own)?.queued;
    await until(async () => (await queued()) === 0 || undefined, { what: "an empty queue", withinMs: patienceMs });
    const seen = await scenario.fetch("/unknown-wire");
    const { seen: unknown } = (await seen.json()) as { seen: readonly { kind: string; name: string }[] };
    // Contents apart, nothing else that the triggers play is unknown.
    const strange = unknown.filter(({ kind }) => kind !== "field");
    expect(strange).toMatchObject([{ kind: "tag", name: "novelty", count: 1 }]);
    expect(scenario.receiver.taken).toHaveLength(before);
  },
);

test("live: the event stream carries what the webhooks carried, in their order", { timeout: patienceMs }, async () => {
  const sent = new Map(
    scenario.receiver.taken.map(({ headers, body }) => [headers["webhook-id"], JSON.parse(body) as WebhookBody]),
  );
  const hangUp = new AbortController();
  const response = await scenario.fetch("/events?after=0", { signal: hangUp.signal });
  const seen: string[] = [];
  for await (const { event, data } of readEventStream(response.body!)) {
    if (event === undefined) continue;
    const { eventId, payload } = JSON.parse(data!) as { eventId: string; payload: unknown };
    seen.push(eventId);
    const webhook = sent.get(eventId);
    if (webhook !== undefined) expect(keyPaths(payload)).toEqual(keyPaths(webhook));
    if (seen.filter((id) => sent.has(id)).length === sent.size) break;
  }
  hangUp.abort();
  expect(seen.filter((id) => sent.has(id))).toEqual([...sent.keys()]);
});

/** The differences that the kind of chat makes beside those that were foreseen: only groups name the author. */
function inChat(
  sample: readonly string[],
  {
    isGroup,
    more,
    less,
  }: { readonly isGroup: boolean; readonly more: readonly string[]; readonly less: readonly string[] },
) {
  const key = "participantPhone";
  if (!isGroup) return { more: more.toSorted(), less: less.toSorted() };
  return {
    more: [...more, ...(sample.includes(key) ? [] : [key])].sort(),
    less: less.filter((one) => one !== key).sort(),
  };
}

/** The messages that a webhook refers to. */
function referencesOf(body: WebhookBody): readonly unknown[] {
  return Object.values(body).flatMap((content) =>
    typeof content === "object" && content !== null && "referencedMessage" in content
      ? [content.referencedMessage]
      : [],
  );
}

/** Links to files of this server in a webhook. */
function linksOf(value: unknown): readonly string[] {
  if (typeof value === "string") return value.startsWith(`${scenario.app.url()}/media/`) ? [value] : [];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(linksOf) : [];
}

const files: readonly string[] = Object.values(samples).map(({ base64 }) => base64);

/** Fails unless the very bytes that were sent are there. */
async function expectSample(url: string): Promise<void> {
  const response = await until(
    async () => {
      const answer = await fetch(url);
      if (answer.ok) return answer;
      await answer.body?.cancel();
      return undefined;
    },
    { what: `the file at ${url}`, withinMs: patienceMs },
  );
  expect(files).toContain(Buffer.from(await response.arrayBuffer()).toString("base64"));
}

/** Whether a webhook is the one that a trigger leads to. */
function fitOf(
  { webhook }: { readonly webhook: NonNullable<Trigger["webhook"]> },
  { id, status }: { readonly id: string | undefined; readonly status: string | undefined },
): (body: WebhookBody) => boolean {
  const [type, variant = ""] = webhook.split(".");
  const isNotification = /^[A-Z]/.test(variant);
  return (body) => {
    if (body["type"] !== type) return false;
    if (isNotification) return body["notification"] === variant;
    if (type !== "ReceivedCallback") return status === undefined || body["status"] === status;
    return body["messageId"] === id && (body["waitingMessage"] === true) === (variant === "waiting");
  };
}

/** The table, for whoever runs the tests. */
function tableOf(all: readonly Row[]): string {
  const lines = all.map(({ kind, who, webhook, ms, ok }) => [
    kind.padEnd(22),
    who.padEnd(22),
    webhook.padEnd(54),
    String(ms ?? "-").padStart(6),
    ok ? "ok" : "FAILED",
  ]);
  const head = ["kind".padEnd(22), "by".padEnd(22), "webhook".padEnd(54), "    ms", "ok"];
  return ["", ...[head, ...lines].map((cells) => cells.join("  ")), ""].join("\n");
}
