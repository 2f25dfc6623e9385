import { DEFAULT_CONNECTION_CONFIG, type WAVersion } from "@whiskeysockets/baileys";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { strictest, usualRevision } from "#sandbox/strictness.ts";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { childOf } from "#sandbox/wire/stanza.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { connectClient, newAuth, pairClient } from "./baileys.ts";
import { eventually } from "./eventually.ts";

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await openTestSandbox();
});

afterEach(() => sandbox.control.behaviour(strictest()));

afterAll(() => sandbox[Symbol.asyncDispose]());

const refusals = () => sandbox.control.trace().refusals.filter(({ kind }) => kind === "version");
const revision = async (): Promise<string> => {
  const answer = await fetch(sandbox.control.config().versionUrl);
  return /\\"client_revision\\":(\d+)/.exec(await answer.text())?.[1] ?? "";
};

it("the client library's own version is new enough", () => {
  expect(DEFAULT_CONNECTION_CONFIG.version[2]).toBeGreaterThanOrEqual(usualRevision);
});

it.each<readonly [WAVersion, "failure" | "close", number]>([
  [[2, 3000, usualRevision - 1], "failure", 405],
  [[2, 3000, usualRevision - 1], "close", 428],
  [[2, 2999, usualRevision + 1], "failure", 405],
])("a client of version %j is turned away by %s", async (version, oldVersion, code) => {
  await sandbox.control.behaviour({ oldVersion });
  const before = refusals().length;
  await using client = connectClient(sandbox, newAuth(), { version });
  expect(await client.closed()).toBe(code);
  expect(client.stanzas("iq")).toEqual([]);
  expect(refusals().length - before).toBe(1);
});

it("also one that is linked, from the moment the limit has moved", async () => {
  await using client = await pairClient(sandbox, { number: "5511944440001" });
  await sandbox.control.behaviour({ minVersion: usualRevision + 1 });
  await using again = connectClient(sandbox, client.auth);
  expect(await again.closed()).toBe(405);
  expect(client.sock.ws.isOpen).toBe(true);
});

it("any version is taken when told so", async () => {
  await sandbox.control.behaviour({ minVersion: 0 });
  await using client = connectClient(sandbox, newAuth(), { version: [2, 2413, 1] });
  expect((await client.until((state) => state.qr !== undefined)).qr).toBeDefined();
});

it("WhatsApp Web names a version that is taken", async () => {
  expect(await revision()).toBe(String(usualRevision));
  await sandbox.control.behaviour({ minVersion: usualRevision + 7 });
  expect(await revision()).toBe(String(usualRevision + 7));
});

it("the end of the version is announced to whoever is online", async () => {
  await using client = await pairClient(sandbox, { number: "5511944440002" });
  await sandbox.control.clientExpiration({ at: 1_900_000_000 });
  const announced = () => client.stanzas("ib").flatMap((node) => childOf(node, "client_expiration")?.attrs["t"] ?? []);
  await eventually(announced).toEqual(["1900000000"]);
});
