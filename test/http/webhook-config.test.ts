import { describe, expect, test } from "vitest";

import { commonHookSlots } from "#domain/instance.ts";
import type { HookSlot } from "#domain/instance.ts";

import { callJson, known, openHttp, scenarios, setHook } from "./support.ts";
import type { TestHttp } from "./support.ts";

const url = "https://customer.example/hook?key=1";
const stored = async (http: TestHttp) => (await http.store.instances.get({ instanceId: known.instanceId }))!;

const setters: readonly (readonly [path: string, slot: HookSlot])[] = [
  ["update-webhook-delivery", "delivery"],
  ["update-webhook-received", "received"],
  ["update-webhook-receive", "received"],
  ["update-webhook-received-delivery", "receivedAndDelivery"],
  ["update-webhook-message-status", "messageStatus"],
  ["update-webhook-status", "messageStatus"],
  ["update-webhook-disconnected", "disconnected"],
  ["update-webhook-connected", "connected"],
  ["update-webhook-chat-presence", "presenceChat"],
  ["update-webhook-history-sync", "historySync"],
];

test.each(setters)("%s: sets and clears %s, and switches own messages only where it should", async (path, slot) => {
  await using http = await openHttp();
  expect(await callJson(http, { request: `PUT ${path}`, body: { value: url } })).toEqual({ value: true });
  expect((await stored(http)).hooks).toEqual({ [slot]: url });
  expect((await stored(http)).settings.notifySentByMe).toBe(slot === "receivedAndDelivery");
  expect(await callJson(http, { request: `PUT ${path}`, body: { value: "" } })).toEqual({ value: true });
  expect((await stored(http)).hooks).toEqual({});
  expect((await stored(http)).settings.notifySentByMe).toBe(false);
  expect(http.calls).toEqual([["wakeDeliveries"], ["wakeDeliveries"]]);
});

const all = Object.fromEntries(commonHookSlots.map((slot) => [slot, url]));

describe("one for all", () => {
  scenarios([
    {
      name: "update-every-webhooks: every slot, own messages stay off",
      request: "PUT update-every-webhooks",
      body: { value: url },
      status: 200,
      answer: { value: true },
      after: async (http) => expect((await stored(http)).hooks).toEqual(all),
    },
    {
      name: "update-every-webhooks: with own messages",
      request: "PUT update-every-webhooks",
      body: { value: url, notifySentByMe: true },
      status: 200,
      after: async (http) =>
        expect(await stored(http)).toMatchObject({
          hooks: all,
          settings: { notifySentByMe: true },
        }),
    },
    {
      name: "update-every-webhooks: empty clears all",
      request: "PUT update-every-webhooks",
      before: (http) => setHook(http),
      body: { value: "" },
      status: 200,
      after: async (http) => expect((await stored(http)).hooks).toEqual({}),
    },
    {
      name: "update-notify-sent-by-me",
      request: "PUT update-notify-sent-by-me",
      body: { notifySentByMe: true },
      status: 200,
      answer: { value: true },
      after: async (http) => expect((await stored(http)).settings.notifySentByMe).toBe(true),
    },
    {
      name: "update-notify-sent-by-me: by value",
      request: "PUT update-notify-sent-by-me",
      body: { value: true },
      status: 200,
      after: async (http) => expect((await stored(http)).settings.notifySentByMe).toBe(true),
    },
    {
      name: "update-notify-sent-by-me: missing",
      request: "PUT update-notify-sent-by-me",
      body: {},
      status: 400,
      answer: { field: "notifySentByMe" },
    },
    {
      name: "a URL that is none",
      request: "PUT update-webhook-received",
      body: { value: "customer.example" },
      status: 400,
      answer: { field: "value" },
    },
    {
      name: "another scheme",
      request: "PUT update-webhook-received",
      body: { value: "javascript:alert(1)" },
      status: 400,
      answer: { field: "value" },
    },
    {
      name: "missing",
      request: "PUT update-webhook-received",
      body: {},
      status: 400,
      answer: { field: "value", error: "value: is required" },
    },
    {
      name: "an address that may not be called",
      request: "PUT update-webhook-received",
      body: { value: "http://10.0.0.1/" },
      status: 422,
      answer: { code: "forbidden_address", field: "value" },
      after: async (http) => expect((await stored(http)).hooks).toEqual({}),
    },
  ]);
});

const setFurther = async (http: TestHttp, hookUrl: string): Promise<void> => {
  const furtherHooks = [{ url: hookUrl, slots: ["received"] as const }];
  await http.store.instances.setHooks({ instanceId: known.instanceId, furtherHooks, now: http.clock.now });
};
const refused = (rows: readonly (readonly [name: string, body: object, answer: object])[]) =>
  rows.map(([name, body, answer]) => ({ name, request: "PUT webhooks/further", body, status: 400, answer }));
const [one, other] = ["https://one.example/hook?key=1", "https://other.example/hook"];

describe("further hooks", () => {
  scenarios([
    {
      name: "replaced as a whole; without slots a hook gets everything",
      request: "PUT webhooks/further",
      before: (http) => setFurther(http, "https://before.example/"),
      body: { further: [{ url: one, slots: ["received", "delivery", "received"] }, { url: other }] },
      status: 200,
      answer: {
        further: [
          { url: one, slots: ["delivery", "received"] },
          { url: other, slots: [...commonHookSlots] },
        ],
      },
      after: async (http) => {
        expect((await stored(http)).furtherHooks.map((hook) => hook.url)).toEqual([one, other]);
        expect(http.calls).toEqual([["wakeDeliveries"]]);
      },
    },
    {
      name: "shown beside the URLs of the slots",
      request: "GET webhooks",
      before: async (http) => {
        await setHook(http, url);
        await setFurther(http, one);
      },
      status: 200,
      answer: { hooks: { received: url }, further: [{ url: one, slots: ["received"] }] },
    },
    {
      name: "none any more",
      request: "PUT webhooks/further",
      before: (http) => setFurther(http, one),
      body: { further: [] },
      status: 200,
      answer: { further: [] },
      after: async (http) => expect((await stored(http)).furtherHooks).toEqual([]),
    },
    ...refused([
      ["no list", {}, { field: "further", error: "further: is required" }],
      ["no URL", { further: [{ url: one }, { slots: ["received"] }] }, { field: "further.1.url" }],
      ["an empty URL", { further: [{ url: "" }] }, { field: "further.0.url" }],
      ["another scheme", { further: [{ url: "ftp://one.example/" }] }, { field: "further.0.url" }],
      ["no slots", { further: [{ url: one, slots: [] }] }, { field: "further.0.slots" }],
      ["an unknown slot", { further: [{ url: one, slots: ["toString"] }] }, { field: "further.0.slots.0" }],
      [
        "the same URL twice",
        { further: [{ url: one }, { url: other }, { url: one }] },
        { field: "further.2.url", error: "further.2.url: is there twice" },
      ],
      [
        "more than ten",
        { further: Array.from({ length: 11 }, (_, index) => ({ url: `${other}/${index}` })) },
        { field: "further" },
      ],
    ]),
    {
      name: "an address that may not be called",
      request: "PUT webhooks/further",
      body: { further: [{ url: one }, { url: "http://10.0.0.1/" }] },
      status: 422,
      answer: { code: "forbidden_address", field: "further.1.url" },
      after: async (http) => expect((await stored(http)).furtherHooks).toEqual([]),
    },
    {
      name: "webhooks/test: by URL",
      request: "POST webhooks/test",
      before: (http) => setFurther(http, one),
      body: { url: one },
      status: 200,
      answer: { delivered: true, url: one, status: 204, durationMs: 3 },
      after: (http) => expect(http.calls).toEqual([["webhookTest", "received", one]]),
    },
    {
      name: "webhooks/test: a URL that nobody configured",
      request: "POST webhooks/test",
      before: (http) => setFurther(http, one),
      body: { url: other },
      status: 409,
      answer: { field: "url" },
      after: (http) => expect(http.calls).toEqual([]),
    },
    {
      name: "webhooks/test: neither slot nor URL",
      request: "POST webhooks/test",
      body: {},
      status: 400,
      answer: { field: "slot", error: "slot: is required" },
    },
    {
      name: "webhooks/test: slot and URL",
      request: "POST webhooks/test",
      body: { slot: "received", url: one },
      status: 400,
      answer: { field: "url" },
    },
  ]);
});

describe("own routes", () => {
  scenarios([
    {
      name: "webhooks: what is configured and what waits",
      request: "GET webhooks",
      before: (http) => setHook(http, url),
      status: 200,
      answer: {
        hooks: { received: url },
        further: [],
        notifySentByMe: false,
        deliveryOrder: "instance",
        lanes: expect.any(Array),
      },
    },
    {
      name: "webhooks/test: tells the outcome",
      request: "POST webhooks/test",
      before: (http) => setHook(http, url),
      body: { slot: "received" },
      status: 200,
      answer: { delivered: true, url, status: 204, durationMs: 3 },
      after: (http) => expect(http.calls).toEqual([["webhookTest", "received", url]]),
    },
    {
      name: "webhooks/test: nothing configured",
      request: "POST webhooks/test",
      body: { slot: "received" },
      status: 409,
      answer: { field: "slot" },
    },
    {
      name: "webhooks/test: no such slot",
      request: "POST webhooks/test",
      body: { slot: "toString" },
      status: 400,
      answer: { field: "slot" },
    },
    {
      name: "webhooks/secret: shows it to its owner",
      request: "GET webhooks/secret",
      status: 200,
      shows: [known.webhookSecret],
      answer: { secrets: [known.webhookSecret] },
    },
    {
      name: "webhooks/secret/rotate: newest first, the old one beside it",
      request: "POST webhooks/secret/rotate",
      status: 200,
      shows: [known.webhookSecret],
      answer: { secrets: [expect.stringMatching(/^whsec_/), known.webhookSecret] },
    },
    {
      name: "webhooks/secret/rotate: at once",
      request: "POST webhooks/secret/rotate",
      body: { keepPrevious: false },
      status: 200,
      answer: { secrets: [expect.stringMatching(/^whsec_/)] },
      after: async (http) => expect((await stored(http)).webhookSecrets.length).toBe(1),
    },
  ]);

  test("webhooks/secret/previous: ends a rotation", async () => {
    await using http = await openHttp();
    const { secrets } = (await callJson(http, { request: "POST webhooks/secret/rotate" })) as { secrets: string[] };
    expect(await callJson(http, { request: "DELETE webhooks/secret/previous" })).toEqual({
      secrets: secrets.slice(0, 1),
    });
  });
});
