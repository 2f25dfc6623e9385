import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { WABrowserDescription } from "@whiskeysockets/baileys";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { childOf } from "#sandbox/wire/stanza.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { connectClient, type Client } from "./baileys.ts";
import { eventually } from "./eventually.ts";

const signal = AbortSignal.timeout(60_000);
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await openTestSandbox();
});

afterAll(() => sandbox[Symbol.asyncDispose]());

const waits = (number: string) => sandbox.control.state().waiting.some(({ codeFor }) => codeFor === number);
const errors = (client: Client) => client.stanzas("iq").filter(({ attrs }) => attrs["type"] === "error");

/** Baileys hands a code out whatever the server says. */
async function ask(client: Client, number: string): Promise<string> {
  await client.until((state) => state.qr !== undefined);
  return client.sock.requestPairingCode(number);
}

describe("the display name of a client that asks for a code", () => {
  it.each<readonly [string, WABrowserDescription]>([
    ["5511966660001", ["Windows", "Chrome", "10.0"]],
    ["5511966660002", ["Mac OS", "Chrome", "14.4.1"]],
    ["5511966660003", ["Ubuntu", "Chrome", "22.04.4"]],
    ["5511966660004", ["Linux", "Firefox", "1"]],
  ])("%s as %j: it gets one", async (number, browser) => {
    await using client = connectClient(sandbox, undefined, { browser });
    const code = await ask(client, number);
    await eventually(() => waits(number)).toBe(true);
    expect(await sandbox.control.code({ number, code }, signal)).toMatchObject({ number });
  });

  it.each<readonly [string, WABrowserDescription]>([
    ["5511966660011", ["Acme", "Chrome", "10.0"]],
    ["5511966660012", ["wazapi", "Chrome", "10.0"]],
    ["5511966660013", ["Windows", "Desktop", "10.0"]],
  ])("%s as %j: 400, and no code works", async (number, browser) => {
    await using client = connectClient(sandbox, undefined, { browser });
    const code = await ask(client, number);
    await eventually(() => errors(client).length).toBe(1);
    expect(errors(client)[0]?.content).toMatchObject([{ tag: "error", attrs: { code: "400", text: "bad-request" } }]);
    expect(waits(number)).toBe(false);
    await expect(sandbox.control.code({ number, code }, signal)).rejects.toMatchObject({ code: "not_found" });
    expect(sandbox.control.trace().refusals.at(-1)).toMatchObject({ kind: "pairing-code" });
  });

  it("is free when told so", async () => {
    await sandbox.control.behaviour({ displayNames: "any" });
    await using client = connectClient(sandbox, undefined, { browser: ["Acme", "Chrome", "10.0"] });
    await ask(client, "5511966660021");
    await eventually(() => waits("5511966660021")).toBe(true);
    await sandbox.control.behaviour({ displayNames: "known" });
  });
});

describe("a code that WhatsApp takes no more", () => {
  it.each([
    [undefined, undefined],
    [true, "true"],
  ])("manual %s: the client is told, and the code is over", async (manual, attr) => {
    const number = manual === true ? "5511966660031" : "5511966660032";
    await using client = connectClient(sandbox);
    const code = await ask(client, number);
    await eventually(() => waits(number)).toBe(true);
    await sandbox.control.refreshCode({ number, ...(manual !== undefined && { manual }) });
    await eventually(() => client.stanzas("notification").length).toBe(1);
    const child = childOf(client.stanzas("notification")[0], "link_code_companion_reg");
    expect([child?.attrs["stage"], child?.attrs["force_manual_refresh"]]).toEqual(["refresh_code", attr]);
    await expect(sandbox.control.code({ number, code }, signal)).rejects.toMatchObject({ code: "refused" });
  });

  it("needs a client that asked for one", async () => {
    await expect(sandbox.control.refreshCode({ number: "5511966660099" })).rejects.toMatchObject({ code: "not_found" });
  });
});

it("faults of queries reach a client that asks for a code", async () => {
  const number = "5511966660041";
  await sandbox.control.addFault({ type: "iq-error", code: 429, match: { number, xmlns: "md" } });
  await using client = connectClient(sandbox);
  await ask(client, number);
  await eventually(() => errors(client).length).toBe(1);
  expect(errors(client)[0]?.content).toMatchObject([{ attrs: { code: "429" } }]);
  expect(waits(number)).toBe(false);
});
