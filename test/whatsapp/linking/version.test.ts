import { DEFAULT_CONNECTION_CONFIG } from "@whiskeysockets/baileys";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "#lib/clock.ts";
import { silentLog } from "#lib/log.ts";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { sandboxTransport } from "#whatsapp/transport.ts";
import { openWebVersions, type WebVersions } from "#whatsapp/web-version/web-version.ts";
import { openTestSandbox } from "../../support/sandbox.ts";
import { openSessionRig, type SessionRig } from "../session-rig.ts";

const wait = { timeout: 8_000 };
const builtIn = DEFAULT_CONNECTION_CONFIG.version[2];
let sandbox: Sandbox;

beforeEach(async () => {
  sandbox = await openTestSandbox();
});

afterEach(() => sandbox[Symbol.asyncDispose]());

const signal = AbortSignal.timeout(60_000);

/** Versions that are read from the sandbox and kept nowhere. */
async function versionsOf(): Promise<WebVersions> {
  await using transport = await sandboxTransport(sandbox.url, signal);
  const store = { read: async () => undefined, write: async () => {} };
  return openWebVersions({ url: transport.versionUrl, store, clock: systemClock, log: silentLog, signal });
}

const connection = async (rig: SessionRig) => (await rig.sessions.view(rig.instanceId)).connection;
const refusals = () => sandbox.control.trace().refusals.filter(({ kind }) => kind === "version").length;

describe("a version that WhatsApp takes no more", () => {
  it("without anywhere to look it stays away and says why", async () => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    await sandbox.control.behaviour({ minVersion: builtIn + 1 });
    await rig.sessions.restart(rig.instanceId);
    await expect.poll(() => connection(rig), wait).toMatchObject({ reason: "version_refused", statusCode: 405 });
  });

  it.each(["failure", "close"] as const)(
    "refused by %s: the newer one is fetched, and the session is back",
    async (oldVersion) => {
      const webVersions = await versionsOf();
      await using rig = await openSessionRig(sandbox, {}, { webVersions });
      await rig.pair();
      expect(webVersions.present()).toMatchObject({ version: [2, 3000, builtIn], source: "fetched" });
      const before = refusals();
      await sandbox.control.behaviour({ minVersion: builtIn + 5, oldVersion });
      await rig.sessions.restart(rig.instanceId);
      await expect.poll(() => refusals() - before, wait).toBeGreaterThan(0);
      await rig.opened();
      expect(webVersions.present()).toMatchObject({ version: [2, 3000, builtIn + 5], source: "fetched" });
    },
  );

  it("at linking: the first connection presents the newest one already", async () => {
    await sandbox.control.behaviour({ minVersion: builtIn + 9 });
    const webVersions = await versionsOf();
    await using rig = await openSessionRig(sandbox, {}, { webVersions });
    await rig.pair();
    expect(refusals()).toBe(0);
    expect((await rig.sessions.view(rig.instanceId)).version).toMatchObject({
      version: [2, 3000, builtIn + 9],
      source: "fetched",
    });
  });
});

describe("the end of a version", () => {
  it("that WhatsApp announces is shown, and a newer one is looked for", async () => {
    const webVersions = await versionsOf();
    await using rig = await openSessionRig(sandbox, {}, { webVersions });
    await rig.pair();
    await sandbox.control.behaviour({ minVersion: builtIn + 3 });
    const at = 1_900_000_000;
    expect(await sandbox.control.clientExpiration({ at })).toEqual({ told: 1 });
    await expect.poll(async () => (await rig.sessions.view(rig.instanceId)).version?.expiresAt, wait).toBe(at * 1000);
    await expect.poll(() => webVersions.present().version[2], wait).toBe(builtIn + 3);
    expect((await connection(rig)).state).toBe("connected");
  });
});
