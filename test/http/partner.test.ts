import { expect } from "vitest";

import { known, scenarios, t0 } from "./support.ts";
import type { TestHttp } from "./support.ts";

const create = "POST /instances/integrator/on-demand";
const created = async (http: TestHttp, answer: unknown) => {
  const { id, token } = answer as { id: string; token: string };
  const instance = await http.store.instances.get({ instanceId: id });
  expect([id, token]).toEqual([expect.stringMatching(/^[\dA-F]{32}$/), expect.stringMatching(/^[\dA-F]{40}$/)]);
  return instance!;
};
const shows = [known.instanceToken, known.otherToken];
const subscription = async (http: TestHttp) =>
  (await http.store.instances.get({ instanceId: known.instanceId }))?.subscription;

scenarios([
  {
    name: "create: a name is enough, and Z-API's three fields come back",
    request: create,
    as: "partner",
    body: { name: "shop" },
    status: 200,
    answer: { due: expect.any(Number) },
    without: ["whsec_"],
    after: async (http, answer) => {
      expect(Object.keys(answer as object).sort()).toEqual(["due", "id", "token"]);
      expect(await created(http, answer)).toMatchObject({
        name: "shop",
        hooks: {},
        connection: { state: "unpaired" },
        settings: { sessionName: "Mac OS", notifySentByMe: false },
      });
    },
  },
  {
    name: "create: URLs and settings",
    request: create,
    as: "partner",
    body: {
      name: "shop",
      sessionName: "Shop",
      receivedCallbackUrl: "https://a.example/r",
      messageStatusCallbackUrl: "",
      historySyncCallbackUrl: "https://a.example/h",
      callRejectAuto: true,
      callRejectMessage: "no calls",
      autoReadMessage: true,
      autoReadStatus: true,
      disableEnqueueWhenDisconnected: true,
      businessDevice: true,
    },
    status: 200,
    after: async (http, answer) => {
      expect(await created(http, answer)).toMatchObject({
        hooks: { received: "https://a.example/r", historySync: "https://a.example/h" },
        settings: {
          sessionName: "Shop",
          callRejectAuto: true,
          callRejectMessage: "no calls",
          autoReadMessage: true,
          autoReadStatus: true,
          disableEnqueueWhenDisconnected: true,
          businessDevice: true,
        },
        webhookSecrets: [expect.stringMatching(/^whsec_/)],
      });
    },
  },
  {
    name: "create: a URL for received and own messages switches own messages on",
    request: create,
    as: "partner",
    body: { name: "shop", receivedAndDeliveryCallbackUrl: "https://a.example/rd" },
    status: 200,
    after: async (http, answer) => expect((await created(http, answer)).settings.notifySentByMe).toBe(true),
  },
  { name: "create: no name", request: create, as: "partner", body: {}, status: 400, answer: { field: "name" } },
  {
    name: "create: a taken name",
    request: create,
    as: "partner",
    body: { name: "main" },
    status: 409,
    answer: { code: "conflict" },
  },
  {
    name: "create: a URL that is none",
    request: create,
    as: "partner",
    body: { name: "x", receivedCallbackUrl: "ftp://a" },
    status: 400,
    answer: { field: "receivedCallbackUrl" },
  },
  {
    name: "create: a URL that may not be called",
    request: create,
    as: "partner",
    body: { name: "x", receivedCallbackUrl: "http://169.254.169.254/" },
    status: 422,
    answer: { code: "forbidden_address" },
  },
  {
    name: "create: a mobile instance",
    request: create,
    as: "partner",
    body: { name: "x", isDevice: true },
    status: 501,
    answer: { code: "not_supported" },
  },
  {
    name: "list: all, in order",
    request: "GET /instances",
    as: "partner",
    status: 200,
    shows,
    answer: {
      total: 2,
      totalPage: 1,
      page: 1,
      pageSize: 15,
      content: [
        {
          id: known.instanceId,
          token: known.instanceToken,
          name: "main",
          middleware: "web",
          phoneConnected: false,
          whatsappConnected: false,
          due: expect.any(Number),
          created: "2026-11-24T12:00:00.000Z",
          receivedCallbackUrl: null,
        },
        { id: known.otherId },
      ],
    },
  },
  {
    name: "list: by page",
    request: "GET /instances?page=2&pageSize=1",
    as: "partner",
    status: 200,
    shows,
    answer: { total: 2, totalPage: 2, content: [{ name: "other" }] },
  },
  {
    name: "list: by part of the name",
    request: "GET /instances?page=1&pageSize=5&query=OTH",
    as: "partner",
    status: 200,
    shows,
    answer: { total: 1, content: [{ name: "other" }] },
  },
  {
    name: "list: by id",
    request: `GET /instances?page=1&pageSize=5&query=${known.instanceId}`,
    as: "partner",
    status: 200,
    shows,
    answer: { total: 1, content: [{ name: "main" }] },
  },
  {
    name: "list: there are no mobile ones",
    request: "GET /instances?middleware=mobile",
    as: "partner",
    status: 200,
    answer: { total: 0, content: [] },
  },
  {
    name: "list: a page that is no number",
    request: "GET /instances?page=two",
    as: "partner",
    status: 400,
    answer: { field: "page" },
  },
  {
    name: "subscription: activates",
    request: "POST integrator/on-demand/subscription",
    as: "partner",
    status: 201,
    text: ["OK"],
    after: async (http) => expect(await subscription(http)).toEqual({ state: "active" }),
  },
  {
    name: "cancel: stays usable for 30 days",
    request: "POST integrator/on-demand/cancel",
    as: "partner",
    status: 201,
    text: ["OK"],
    after: async (http) => expect(await subscription(http)).toEqual({ state: "canceled", dueAt: t0 + 30 * 86_400_000 }),
  },
  {
    name: "subscription/update: calls are not possible",
    request: "PUT integrator/on-demand/subscription/update",
    as: "partner",
    body: { withCalls: true },
    status: 501,
    answer: { code: "not_supported" },
  },
  {
    name: "delete: logs out, stops, removes",
    request: `DELETE /instances/${known.instanceId}`,
    as: "partner",
    status: 200,
    answer: { status: "deleted" },
    after: async (http) => {
      expect(http.calls).toEqual([
        ["logout", known.instanceId],
        ["stop", known.instanceId],
      ]);
      expect(await http.store.instances.get({ instanceId: known.instanceId })).toBeUndefined();
    },
  },
  {
    name: "delete: unknown",
    request: `DELETE /instances/${"C".repeat(32)}`,
    as: "partner",
    status: 404,
    answer: { code: "instance_not_found" },
  },
]);
