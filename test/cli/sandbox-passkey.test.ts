import { afterAll, beforeAll, expect, test } from "vitest";

import type { Sandbox } from "#sandbox/sandbox.ts";

import { connectClient } from "../sandbox/baileys.ts";
import { playCompanion } from "../sandbox/passkey/companion.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { run, start } from "./support.ts";

const number = "5511999991111";
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await openTestSandbox();
});
afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
});

const call = (...argv: readonly string[]) =>
  run(["sandbox", "passkey", ...argv], { env: { WAZAPI_SANDBOX_URL: sandbox.url } });

test("sandbox passkey: is asked for, signed with and compared from the command line", async () => {
  expect((await call("show")).stderr).toContain("no linking waits");
  expect((await call("require", number)).stdout).toContain("required\ttrue");
  await using client = connectClient(sandbox);
  const signed = async (options: object) =>
    JSON.parse((await call("sign", JSON.stringify(options), "--number", number)).stdout);
  const companion = playCompanion(client, signed, { proofSecret: null });
  const { qr = "" } = await client.until((state) => state.qr !== undefined);
  const linked = run(["sandbox", "scan", qr, "--number", number], { env: { WAZAPI_SANDBOX_URL: sandbox.url } });
  await companion.asked;
  expect((await call("show")).stdout).toBe(`${number}\trequested\t${companion.code()}\tnone\n`);
  expect((await call("confirm", number)).stdout).toContain(`code\t${companion.code()}`);
  expect(await linked).toMatchObject({ code: 0, stdout: `${number}:1@s.whatsapp.net\n` });
  expect(await call("deny", number)).toMatchObject({ code: 3 });
  expect((await call("waive", number)).stdout).toContain("required\tfalse");
  expect(await call("sign", "{", "--number", number)).toMatchObject({ code: 2 });
});

test("sandbox scan and code: an interrupt ends the wait alone, and the phone goes on", async () => {
  const env = { WAZAPI_SANDBOX_URL: sandbox.url };
  for (const way of ["scan", "code"] as const) {
    const phone = way === "scan" ? "5511999992222" : "5511999993333";
    await call("require", phone);
    await using client = connectClient(sandbox);
    const signed = async (options: object) =>
      JSON.parse((await call("sign", JSON.stringify(options), "--number", phone)).stdout);
    const companion = playCompanion(client, signed, { proofSecret: null });
    const { qr = "" } = await client.until((state) => state.qr !== undefined);
    const what = way === "scan" ? qr : await client.sock.requestPairingCode(phone);
    const waiting = start(["sandbox", way, what, "--number", phone], { env });
    await companion.asked;
    waiting.signal("SIGINT");
    const { code, stdout, stderr } = await waiting.ran;
    expect([code, stdout]).toEqual([130, ""]);
    expect(stderr).toBe("wazapi: stopped waiting; the phone goes on with the linking\n");
    expect((await call("show")).stdout).toContain(phone);
    const answer = way === "scan" ? "confirm" : "deny";
    expect((await call(answer, phone)).code).toBe(0);
    expect((await call("show")).stderr).toContain("no linking waits");
    if (way === "scan") expect(await client.closed()).toBe(515);
  }
});

test("sandbox: an interrupt during any other wait is no failure that nobody foresaw", async () => {
  const waiting = start(["sandbox", "inbox", "5511999994444", "--wait", "60"], {
    env: { WAZAPI_SANDBOX_URL: sandbox.url },
  });
  waiting.signal("SIGTERM");
  expect(await waiting.ran).toEqual({ code: 143, stdout: "", stderr: "wazapi: stopped\n" });
});
