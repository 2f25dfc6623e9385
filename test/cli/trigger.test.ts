import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { callbackSchemas } from "#callbacks/catalogue.ts";
import { triggers } from "#cli/trigger/table.ts";
import type { Sandbox } from "#sandbox/sandbox.ts";

import { pairClient, type Client } from "../sandbox/baileys.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { openServer, run } from "./support.ts";

const own = "5511999990000";

test("every trigger that leads to a webhook leads to one that the OpenAPI document knows", () => {
  const known = Object.keys(callbackSchemas());
  const named = Object.values(triggers).flatMap(({ webhook }) => webhook ?? []);
  expect(named.filter((webhook) => !known.includes(webhook))).toEqual([]);
});

test("without a name: lists them, and needs no server", async () => {
  const { code, stdout } = await run(["trigger"]);
  expect([code, stdout.trimEnd().split("\n").length]).toEqual([0, Object.keys(triggers).length]);
  expect(stdout).toContain("poll-vote\tReceivedCallback.pollVote\ta vote in a poll\n");
  const listed = JSON.parse((await run(["trigger", "--json"])).stdout) as readonly { event: string }[];
  expect(listed.map(({ event }) => event)).toEqual(Object.keys(triggers));
});

test.each([
  ["an event that does not exist", ["fireworks"], 3, "there is no event fireworks (`wazapi trigger` lists them)"],
  ["what is in the prototype of the table", ["constructor"], 3, "there is no event constructor"],
  ["what nobody types", ["call", "--own-phone"], 2, "call is nothing that is typed on a phone"],
  ["what nobody posts", ["typing", "--in-group"], 2, "typing is nothing that is typed on a phone"],
])("refuses %s", async (_, argv, code, says) => {
  expect(await run(["trigger", ...argv])).toMatchObject({ code, stderr: expect.stringContaining(says) });
});

test("a server that is not on a sandbox: says how to start one that is", async () => {
  await using server = await openServer();
  const { code, stderr } = await server.run(["trigger", "text"]);
  expect([code, stderr]).toEqual([
    3,
    expect.stringContaining("has no sandbox (start it with `wazapi serve --sandbox`)"),
  ]);
});

describe("on a sandbox that runs alone", () => {
  let sandbox: Sandbox;
  let client: Client;
  beforeAll(async () => {
    sandbox = await openTestSandbox();
  });
  afterAll(async () => {
    await client[Symbol.asyncDispose]();
    await sandbox[Symbol.asyncDispose]();
  });
  const trigger = (...argv: readonly string[]) =>
    run(["trigger", ...argv], { env: { WAZAPI_SANDBOX_URL: sandbox.url } });

  test("without a linked phone: says how to link one", async () => {
    expect(await trigger("text")).toMatchObject({ code: 3, stderr: expect.stringContaining("no phone is linked") });
  });

  test("the linked account gets what was asked for, from whom it was asked", async () => {
    client = await pairClient(sandbox, { number: own });
    const { code, stdout } = await trigger("text", "--from", "+55 11 90000-1111", "--text", "Over here", "--json");
    const { ids } = JSON.parse(stdout) as { ids: readonly string[] };
    expect([code, ids.length]).toEqual([0, 1]);
    await expect.poll(() => client.texts(), { timeout: 30_000 }).toEqual(["Over here"]);
    expect((await trigger("poll-vote")).stdout).toMatch(/^\w+\n$/);
  });

  test("--instance needs a server to ask", async () => {
    expect(await trigger("text", "--instance", "main")).toMatchObject({
      code: 6,
      stderr: expect.stringContaining("no server runs"),
    });
  });
});
