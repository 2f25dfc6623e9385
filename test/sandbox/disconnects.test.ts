import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Fault } from "#sandbox/fault.ts";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { connectClient, pairClient, type Auth, type Client } from "./baileys.ts";
import { expectHonestWire } from "./honest-wire.ts";

const own = "5511999990001";
let sandbox: Sandbox;
let auth: Auth;

beforeAll(async () => {
  sandbox = await openTestSandbox();
  const client = await pairClient(sandbox, { number: own });
  auth = client.auth;
  await client[Symbol.asyncDispose]();
});

afterAll(async () => {
  expectHonestWire(sandbox);
  await sandbox[Symbol.asyncDispose]();
});

async function online(config = {}): Promise<Client> {
  const client = connectClient(sandbox, auth, config);
  await client.opened();
  return client;
}

describe("an open connection", () => {
  it.each<[string, Omit<Fault, "match">, number]>([
    ["replaced by another login", { type: "disconnect", code: 440 }, 440],
    ["device removed", { type: "disconnect", code: 401 }, 401],
    ["restart required", { type: "disconnect", code: 515 }, 515],
    ["service unavailable, the default", { type: "disconnect" }, 503],
    ["another stream error", { type: "disconnect", code: 500 }, 500],
    ["banned", { type: "disconnect", code: 403 }, 403],
    ["client outdated", { type: "disconnect", code: 405 }, 405],
    ["the server ends the stream", { type: "disconnect", code: 428 }, 428],
    ["a code of no meaning", { type: "disconnect", code: 599 }, 599],
    ["the network breaks", { type: "tcp-drop" }, 428],
  ])("%s", async (_, fault, code) => {
    await using client = await online();
    await sandbox.control.addFault({ ...fault, match: { number: own } });
    expect(await client.closed()).toBe(code);
    expect(sandbox.control.state().faults).toEqual([]);
  });

  it("a second login of the same device replaces the first", async () => {
    await using first = await online();
    await using second = await online();
    expect(await first.closed()).toBe(440);
    expect(second.sock.ws.isOpen).toBe(true);
  });

  it("a server that is silent is noticed by the client", async () => {
    await using client = await online({ keepAliveIntervalMs: 30 });
    await sandbox.control.addFault({ type: "silent", match: { number: own } });
    const silentFor = async () => {
      // Five seconds beyond the interval are Baileys' own; nothing is gained by waiting for them here.
      const before = client.stanzas("iq").length;
      await new Promise((resolve) => setTimeout(resolve, 150));
      return client.stanzas("iq").length - before;
    };
    expect(await silentFor()).toBeLessThanOrEqual(1);
    expect(await silentFor()).toBe(0);
  });

  it("other accounts are left alone", async () => {
    await using client = await online();
    await sandbox.control.addFault({ type: "tcp-drop", match: { number: "5511999990009" } });
    expect(sandbox.control.state().faults).toHaveLength(1);
    expect(client.sock.ws.isOpen).toBe(true);
    await sandbox.control.clearFaults();
  });
});

describe("the next login", () => {
  it.each([
    [401, 401],
    [403, 403],
    [503, 503],
  ])("is cut with %i when nobody was online", async (code, expected) => {
    await sandbox.control.addFault({ type: "disconnect", match: { number: own }, code });
    await using client = connectClient(sandbox, auth);
    expect(await client.closed()).toBe(expected);
    await using again = await online();
    expect(again.sock.ws.isOpen).toBe(true);
  });

  it("what acted already does not act again, what is left does", async () => {
    await using client = await online();
    await sandbox.control.addFault({ type: "disconnect", match: { number: own }, times: 2 });
    expect(await client.closed()).toBe(503);
    await using second = connectClient(sandbox, auth);
    expect(await second.closed()).toBe(503);
    await using third = await online();
    expect(third.sock.ws.isOpen).toBe(true);
  });
});

describe("before a login", () => {
  it("a client that is not answered gives up", async () => {
    const away = {
      ...sandbox,
      control: {
        ...sandbox.control,
        config: () => ({ ...sandbox.control.config(), websocketUrl: "ws://127.0.0.1:1/ws/chat" }),
      },
    };
    await using client = connectClient(away, auth);
    expect(await client.closed()).toBe(408);
  });

  it("QR codes run out", async () => {
    await using client = connectClient(sandbox, undefined, { qrTimeout: 5 });
    expect(await client.closed()).toBe(408);
  });
});
