import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, it, test } from "vitest";

import type { Patient } from "#cli/doctor/check.ts";
import { webVersion } from "#cli/doctor/web-version.ts";

import { reportOf } from "./doctor-support.ts";
import { run, temporaryDirectory } from "./support.ts";

const signal = AbortSignal.timeout(60_000);
const dayMs = 86_400_000;
const now = Date.UTC(2026, 11, 1);

type Version = Readonly<Record<string, unknown>>;

/** A running server whose instances say this. */
const look = async (...versions: Version[]) => {
  const instances = versions.map((version) => ({ connection: { version } }));
  const patient = {
    cli: { io: { clock: { now: () => now } } },
    instances: async () => ({ kind: "seen", instances, total: instances.length }),
  };
  return webVersion.look(patient as unknown as Patient, signal);
};

describe("the version of WhatsApp Web that a server presents", () => {
  it.each<readonly [Version, string, string]>([
    [{ number: "2.3000.7", source: "pinned" }, "ok", "2.3000.7, pinned by WAZAPI_WHATSAPP_VERSION"],
    [{ number: "2.3000.7", source: "fetched", fetchedAt: now - dayMs }, "ok", "2.3000.7, fetched"],
    [{ number: "2.3000.7", source: "fetched", fetchedAt: now - 40 * dayMs }, "warn", "2.3000.7, fetched"],
    [{ number: "2.3000.7", source: "built-in" }, "warn", "2.3000.7, built in; no newer one was fetched"],
  ])("%j: %s", async (version, status, found) => {
    expect(await look(version)).toMatchObject([{ status, found: expect.stringContaining(found) }]);
  });

  it("whose end was announced: the first day of it", async () => {
    const fetched = { number: "2.3000.7", source: "fetched", fetchedAt: now };
    const ends = [now + 9 * dayMs, now + 3 * dayMs];
    expect((await look(...ends.map((expiresAt) => ({ ...fetched, expiresAt }))))[1]).toMatchObject({
      status: "warn",
      found: "WhatsApp takes 2.3000.7 until 2026-12-04",
    });
    expect((await look({ ...fetched, expiresAt: now - dayMs }))[1]).toMatchObject({
      found: "WhatsApp takes 2.3000.7 no more since 2026-11-30",
    });
  });
});

test("without a server: what is kept in the data directory, built in, or pinned", async () => {
  await using directory = await temporaryDirectory();
  const cwd = directory.path;
  const report = async (env: Readonly<Record<string, string>> = {}) =>
    (await reportOf((argv, options) => run(argv, { cwd, ...options }), { WAZAPI_SANDBOX_URL: "start", ...env })).of(
      "webVersion",
    );
  expect(await report()).toMatchObject([{ status: "ok", found: expect.stringContaining("built in") }]);
  await mkdir(join(cwd, "data"));
  const kept = { revision: 1_999_999_999, at: Date.now(), url: "https://web.whatsapp.com/sw.js" };
  await writeFile(join(cwd, "data", "whatsapp-version.json"), JSON.stringify(kept));
  expect(await report()).toMatchObject([
    { status: "ok", found: expect.stringContaining("2.3000.1999999999, fetched") },
  ]);
  expect(await report({ WAZAPI_WHATSAPP_VERSION: "2.3000.5" })).toMatchObject([
    { status: "ok", found: "2.3000.5, pinned by WAZAPI_WHATSAPP_VERSION" },
  ]);
});
