import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { known, setHook, t0 } from "../http/support.ts";
import { secrets } from "./doctor-support.ts";
import { openServer, temporaryDirectory } from "./support.ts";
import type { TestServer } from "./support.ts";

const phone = "5511987654321";
const pushName = "Dona Benta";
const words = "Account 5511987654321 of Dona Benta is locked";
const hook = "https://customer.example/hook?secret=of-the-customer";

describe("a file for whoever is asked for help", () => {
  const parts = new AsyncDisposableStack();
  let server: TestServer;
  let cwd = "";
  beforeAll(async () => {
    server = parts.use(await openServer());
    cwd = parts.use(await temporaryDirectory()).path;
    await setHook(server.http, hook);
    server.http.control.connection = {
      state: "locked",
      reason: "locked",
      statusCode: 403,
      at: t0,
      phone,
      lid: "123456789012345",
      pushName,
      refusal: { kind: "locked", code: 403, header: words },
    };
    server.http.control.unknownWire = [{ kind: "ib", name: "weather", count: 3, firstAt: t0, lastAt: t0 }];
  });
  afterAll(() => parts.disposeAsync());

  const env = {
    ...secrets,
    WAZAPI_DATA_DIR: "data",
    HTTP_ADDR: "127.0.0.1:0",
    SENTRY_DSN: "https://key@sentry.example/1",
  };

  test("what WhatsApp sent and nobody here knows is named, with what to do", async () => {
    const { stdout } = await server.run(["doctor", "--json"], { env, cwd });
    const { checks } = JSON.parse(stdout) as {
      checks: { check: string; status: string; found: string; help: string }[];
    };
    expect(checks.find(({ check }) => check === "unknownWire")).toMatchObject({
      status: "warn",
      found: expect.stringMatching(/^WhatsApp sent things this version does not know: ib weather \(3×, last .* ago\)$/),
      help: expect.stringContaining("--bundle"),
    });
  });

  test("has versions, settings, states, refusals and the unknown; no number, token, name, URL or words", async () => {
    await server.run(["doctor", "--bundle", "help.json"], { env, cwd });
    const text = await readFile(join(cwd, "help.json"), "utf8");
    const bundle = JSON.parse(text) as Record<string, unknown> & { settings: { path: string; value: unknown }[] };
    expect(bundle).toMatchObject({
      versions: { wazapi: expect.any(String), node: process.version, baileys: "7.0.0-rc14" },
      server: { kind: "running", role: "leader" },
      instances: expect.arrayContaining([
        expect.objectContaining({ state: "locked", refusal: { kind: "locked", code: 403, spoke: true } }),
      ]),
      unknownWire: [{ kind: "ib", name: "weather", count: 3 }],
    });
    expect(
      bundle.settings.find(({ path }) => path === "queue.maxPending" || path.startsWith("whatsapp.")),
    ).toBeDefined();
    const seeded = [
      ...Object.values(secrets),
      ...Object.values(known),
      phone,
      "123456789012345",
      pushName,
      "Benta",
      words,
      hook,
      "customer.example",
      "of-the-customer",
      "sentry.example",
      "main",
      cwd,
    ];
    for (const secret of seeded) expect(text.includes(secret), secret).toBe(false);
    expect(text).not.toMatch(/\b55\d{10,11}\b/);
  });

  test("does not write over a file", async () => {
    const before = await readFile(join(cwd, "help.json"), "utf8");
    const { code, stderr } = await server.run(["doctor", "--bundle", "help.json"], { env, cwd });
    expect(code).toBe(5);
    expect(stderr).toContain("is there already");
    expect(await readFile(join(cwd, "help.json"), "utf8")).toBe(before);
  });
});
