import { describe, expect, test } from "vitest";

import { createAuthorize } from "#http/auth.ts";
import { operationTable } from "#http/routes/table.ts";

import { call, callJson, known, openHttp, scenarios } from "./support.ts";
import type { Scenario } from "./support.ts";

const path = `/instances/${known.instanceId}/token/${known.instanceToken}`;
const rejected = { code: "unauthorized" };

describe("authorisation", () => {
  scenarios([
    {
      name: "instance: without Client-Token it answers Z-API's words",
      request: "GET status",
      as: "nobody",
      status: 401,
      answer: { error: "null not allowed" },
    },
    {
      name: "instance: an empty Client-Token counts as none",
      request: "GET status",
      headers: { "client-token": "" },
      status: 401,
      answer: { error: "null not allowed" },
    },
    {
      name: "instance: a wrong Client-Token is refused",
      request: "GET status",
      headers: { "client-token": "wrong" },
      status: 401,
      answer: rejected,
    },
    {
      name: "instance: a wrong path token is refused",
      request: `GET /instances/${known.instanceId}/token/WRONG/status`,
      status: 401,
      answer: rejected,
    },
    {
      name: "instance: the token of another instance is refused",
      request: `GET /instances/${known.instanceId}/token/${known.otherToken}/status`,
      status: 401,
      answer: rejected,
    },
    {
      name: "instance: an unknown instance is 404",
      request: `GET /instances/${"C".repeat(32)}/token/${known.instanceToken}/status`,
      status: 404,
      answer: { code: "instance_not_found" },
    },
    {
      name: "instance: without Client-Token nobody learns which instances exist",
      request: `GET /instances/${"C".repeat(32)}/token/x/status`,
      as: "nobody",
      status: 401,
      answer: rejected,
    },
    {
      name: "instance: the partner token is no Client-Token",
      request: "GET status",
      headers: { "client-token": known.partnerToken },
      status: 401,
      answer: rejected,
    },
    { name: "partner: nobody is refused", request: "GET /instances", as: "nobody", status: 401, answer: rejected },
    { name: "partner: the Client-Token does not open it", request: "GET /instances", status: 401, answer: rejected },
    {
      name: "partner: a wrong bearer is refused",
      request: "GET /instances",
      as: "nobody",
      headers: { authorization: "Bearer nope" },
      status: 401,
      answer: rejected,
    },
    {
      name: "partner-instance: nobody is refused",
      request: "POST integrator/on-demand/cancel",
      as: "nobody",
      status: 401,
      answer: rejected,
    },
    {
      name: "partner-instance: the Client-Token does not open it",
      request: "POST integrator/on-demand/cancel",
      status: 401,
      answer: rejected,
    },
    {
      name: "partner-instance: a wrong path token is refused",
      request: `POST /instances/${known.instanceId}/token/${known.otherToken}/integrator/on-demand/cancel`,
      as: "partner",
      status: 401,
      answer: rejected,
    },
    { name: "operator: nobody is refused", request: "GET /metrics", as: "nobody", status: 401, answer: rejected },
    { name: "operator: the Client-Token does not open it", request: "GET /metrics", status: 401, answer: rejected },
    { name: "operator: bearer opens it", request: "GET /metrics", as: "partner", status: 200, text: ["up 1"] },
    {
      name: "operator: basic with the token as password opens it",
      request: "GET /metrics",
      as: "nobody",
      headers: { authorization: `Basic ${btoa(`any:${known.partnerToken}`)}` },
      status: 200,
      text: ["up 1"],
    },
    {
      name: "operator: basic with another password is refused",
      request: "GET /metrics",
      as: "nobody",
      headers: { authorization: `Basic ${btoa("any:wrong")}` },
      status: 401,
      answer: rejected,
    },
    {
      name: "public: health needs nothing",
      request: "GET /health",
      as: "nobody",
      status: 200,
      answer: { status: "ok", service: "wazapi" },
    },
  ]);

  test("every route that is not public refuses a caller without credentials", async () => {
    await using http = await openHttp();
    for (const operation of operationTable()) {
      const url = operation.path
        .replace("{instanceId}", known.instanceId)
        .replace("{instanceToken}", known.instanceToken)
        .replaceAll(/\{\w+\}/g, "x");
      const response = await call(http, { request: `${operation.method} ${url}`, as: "nobody" });
      await response.body?.cancel();
      expect([operation.id, response.status === 401]).toEqual([operation.id, operation.scope !== "public"]);
    }
  });

  test("partner and operator routes are closed on a server without a partner token", async () => {
    const instances = { get: async () => undefined, forget: () => {} };
    const authorize = createAuthorize({ instances, rateLimit: undefined }, { clientAuthToken: known.clientToken });
    for (const scope of ["partner", "operator", "partner-instance"] as const) {
      for (const authorization of ["Bearer undefined", "Bearer  ", "", "Basic Og=="]) {
        const refused = authorize(scope, { header: () => authorization, params: {} });
        await expect(refused).rejects.toMatchObject({ code: "unauthorized" });
      }
    }
  });
});

const protocol: readonly Scenario[] = [
  { name: "unknown path: 404 with a code", request: "GET /nothing/here", status: 404, answer: { code: "not_found" } },
  { name: "wrong verb: 405", request: "PUT send-text", body: {}, status: 405, answer: { code: "method_not_allowed" } },
  { name: "HEAD: answered like GET", request: "HEAD /health", as: "nobody", status: 200 },
  { name: "OPTIONS: lists the verbs", request: "OPTIONS /health", as: "nobody", status: 204 },
  {
    name: "malformed JSON: 400",
    request: "POST send-text",
    rawBody: '{"phone":',
    status: 400,
    answer: { code: "invalid_json" },
  },
  {
    name: "a body that is no object: 400",
    request: "POST send-text",
    rawBody: "[1]",
    status: 400,
    answer: { code: "invalid_request" },
  },
  {
    name: "no content type: 415",
    request: "POST send-text",
    body: {},
    headers: { "content-type": "" },
    status: 415,
    answer: { code: "unsupported_media_type" },
  },
  {
    name: "another content type: 415",
    request: "POST send-text",
    body: {},
    headers: { "content-type": "text/plain" },
    status: 415,
  },
  {
    name: "content type with charset and capitals: taken",
    request: "PUT update-name",
    body: { value: "x" },
    headers: { "content-type": "Application/JSON; charset=UTF-8" },
    status: 200,
  },
  {
    name: "a body larger than allowed: 413",
    request: "POST send-text",
    body: { phone: "5511999999999", message: "x".repeat(100_001) },
    status: 413,
    answer: { code: "payload_too_large" },
  },
  {
    name: "no body at all: the missing field is named",
    request: "POST send-text",
    status: 400,
    answer: { code: "invalid_request", field: "phone", error: "phone: is required" },
  },
  {
    name: "an empty text: said in plain words",
    request: "POST send-text",
    body: { phone: "5511999999999", message: "" },
    status: 400,
    answer: { code: "invalid_request", field: "message", error: "message: must not be empty" },
  },
  {
    name: "a text that is too long: the limit is named",
    request: "POST send-text",
    body: { phone: "5511999999999", message: "x".repeat(65_537) },
    status: 400,
    answer: { code: "invalid_request", field: "message", error: "message: must have at most 65536 characters" },
  },
  {
    name: "a number that is too large: the limit is named",
    request: "POST send-text",
    body: { phone: "5511999999999", message: "x", delayTyping: 61 },
    status: 400,
    answer: { code: "invalid_request", field: "delayTyping", error: "delayTyping: must be at most 60" },
  },
  {
    name: "a broken percent sign in the path: 400",
    request: "GET /instances/%E0%A4%A",
    status: 400,
    answer: { code: "invalid_request" },
  },
  {
    name: "standby: everything that needs the store waits for the leader",
    request: "GET status",
    before: (http) => (http.control.availability = "standby"),
    status: 503,
    answer: { code: "standby" },
  },
  {
    name: "standby: health stays up",
    request: "GET /health",
    as: "nobody",
    before: (http) => (http.control.availability = "standby"),
    status: 200,
  },
  {
    name: "draining: sends are refused",
    request: "POST send-text",
    body: { phone: "5511999999999", message: "x" },
    before: (http) => (http.control.availability = "draining"),
    status: 503,
    answer: { code: "shutting_down" },
  },
  {
    name: "draining: reading goes on",
    request: "GET status",
    before: (http) => (http.control.availability = "draining"),
    status: 200,
  },
  {
    name: "draining: health stays up",
    request: "GET /health",
    as: "nobody",
    before: (http) => (http.control.availability = "draining"),
    status: 200,
  },
];
describe("protocol", () => scenarios(protocol));

test("405: Allow lists what the path takes", async () => {
  await using http = await openHttp();
  const response = await call(http, { request: "PATCH queue" });
  expect(response.headers.get("allow")).toBe("GET, POST, DELETE, HEAD, OPTIONS");
});

test("a chunked body is counted while it is read", async () => {
  await using http = await openHttp();
  const chunk = new TextEncoder().encode(" ".repeat(60_000));
  const body = new ReadableStream({
    pull: (controller) => controller.enqueue(chunk),
  });
  const response = await http.app.fetch(
    new Request(`http://wazapi.test${path}/send-text`, {
      method: "POST",
      headers: { "client-token": known.clientToken, "content-type": "application/json" },
      body,
      duplex: "half",
    }),
  );
  expect(response.status).toBe(413);
});

test("answers carry security headers and a request id, the caller's when it is harmless", async () => {
  await using http = await openHttp();
  const given = await call(http, { request: "GET /health", headers: { "x-request-id": "req-1.2:3" } });
  expect(given.headers.get("x-request-id")).toBe("req-1.2:3");
  const forged = await call(http, { request: "GET /nothing", headers: { "x-request-id": "a b<script>" } });
  expect(forged.headers.get("x-request-id")).toMatch(/^[\da-f-]{36}$/);
  for (const response of [given, forged]) {
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "no-referrer",
      "cache-control": "no-store",
      "content-security-policy": expect.stringContaining("default-src 'none'"),
    });
  }
});

test("503 and 429 say when to come back", async () => {
  await using http = await openHttp({ rateLimit: { perSecond: 1, burst: 2, maxTokens: 10 } });
  await callJson(http, { request: "GET status" });
  await callJson(http, { request: "GET status" });
  const limited = await call(http, { request: "GET status" });
  expect([limited.status, limited.headers.get("retry-after")]).toEqual([429, "1"]);
  http.control.availability = "draining";
  http.clock.now += 5000;
  const draining = await call(http, { request: "POST send-text", body: { phone: "5511999999999", message: "x" } });
  expect([draining.status, draining.headers.get("retry-after")]).toEqual([503, "5"]);
});

test("the access log names operation, status, duration and instance, and nothing else", async () => {
  await using http = await openHttp();
  await call(http, { request: "POST send-text", body: { phone: "5511999999999", message: "very private" } });
  expect(http.logged).toEqual([
    { operation: "sendText", status: 200, durationMs: 0, instanceId: known.instanceId, message: "request answered" },
  ]);
});

test("what is refused is logged with its code and the id of the request, and with nothing the caller made up", async () => {
  await using http = await openHttp();
  const headers = { "x-request-id": "r1" };
  await call(http, { request: "POST send-text", body: { message: "to nobody" }, headers });
  await call(http, { request: "POST send-txet", body: {}, headers });
  await call(http, { request: "PATCH send-text", body: {}, headers });
  expect(http.logged).toEqual([
    {
      operation: "sendText",
      status: 400,
      durationMs: 0,
      instanceId: known.instanceId,
      code: "invalid_request",
      requestId: "r1",
      message: "request answered",
    },
    { code: "not_found", requestId: "r1", message: "request refused" },
    { code: "method_not_allowed", requestId: "r1", message: "request refused" },
  ]);
});

test("a bug answers internal and tells its cause to the log only", async () => {
  await using http = await openHttp({
    mounts: [
      {
        prefix: "/broken",
        scope: "public",
        fetch: () => {
          throw new Error("secret detail");
        },
      },
    ],
  });
  const response = await call(http, { request: "GET /broken/page" });
  expect([response.status, await response.json()]).toEqual([500, { error: "internal error", code: "internal" }]);
  expect(http.logged).toMatchObject([{ mount: "/broken", message: "request failed" }]);
});

test("mounts answer below their prefix, behind their scope", async () => {
  const mounts = [
    { prefix: "/side", scope: "partner", fetch: (request: Request) => new Response(new URL(request.url).pathname) },
  ] as const;
  await using http = await openHttp({ mounts });
  expect((await call(http, { request: "GET /side/a/b" })).status).toBe(401);
  expect(await (await call(http, { request: "GET /side/a/b", as: "partner" })).text()).toBe("/side/a/b");
  expect(await (await call(http, { request: "POST /side", as: "partner", body: {} })).text()).toBe("/side");
});

test("a change of an instance shows in the next request", async () => {
  await using http = await openHttp();
  await callJson(http, { request: "GET status" });
  await callJson(http, { request: "PUT update-notify-sent-by-me", body: { notifySentByMe: true } });
  expect(await callJson(http, { request: "GET webhooks" })).toMatchObject({ notifySentByMe: true });
  const gone = await call(http, { request: `DELETE /instances/${known.instanceId}`, as: "partner" });
  expect(gone.status).toBe(200);
  expect((await call(http, { request: "GET status" })).status).toBe(404);
});
