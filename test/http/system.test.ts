import { scenarios } from "./support.ts";

scenarios([
  {
    name: "health: says service and version",
    request: "GET /health",
    as: "nobody",
    status: 200,
    answer: { status: "ok", service: "wazapi", version: "0.0.0-test", timestamp: "2026-11-24T12:00:00.000Z" },
  },
  {
    name: "ready: 200 with the role when nothing is missing",
    request: "GET /ready",
    as: "nobody",
    status: 200,
    answer: { ready: true, role: "leader", missing: [], checks: { database: { status: "healthy" } } },
  },
  {
    name: "ready: 503 names what is missing",
    request: "GET /ready",
    as: "nobody",
    before: (http) => (http.control.unhealthy = true),
    status: 503,
    answer: { ready: false, missing: ["database"], checks: { database: { status: "unhealthy", error: "disk full" } } },
  },
  {
    name: "ready: a standby is not ready, and says why",
    request: "GET /ready",
    as: "nobody",
    before: (http) => (http.control.role = "standby"),
    status: 503,
    answer: { ready: false, role: "standby", missing: ["leadership"] },
  },
  {
    name: "ready: a draining server is not ready",
    request: "GET /ready",
    as: "nobody",
    before: (http) => (http.control.availability = "draining"),
    status: 503,
    answer: { missing: ["draining"] },
  },
  {
    name: "openapi.json: the document",
    request: "GET /openapi.json",
    as: "nobody",
    status: 200,
    answer: { openapi: "3.1.0", info: { version: "0.0.0-test" }, webhooks: { ReceivedCallback: {} } },
  },
  {
    name: "docs/openapi.json: the same",
    request: "GET /docs/openapi.json",
    as: "nobody",
    status: 200,
    answer: { openapi: "3.1.0" },
  },
  { name: "docs: a page", request: "GET /docs", as: "nobody", status: 200, text: ["<!doctype html>", "/send-text"] },
]);
