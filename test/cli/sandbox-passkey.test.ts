import { afterAll, beforeAll, expect, test } from "vitest";

import type { Sandbox } from "#sandbox/sandbox.ts";

import { connectClient } from "../sandbox/baileys.ts";
import { playCompanion } from "../sandbox/passkey/companion.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { run } from "./support.ts";

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
