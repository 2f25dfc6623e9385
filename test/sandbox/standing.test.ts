import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { createSandboxClient } from "#sandbox/client.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { connectClient, pairClient, type Auth } from "./baileys.ts";
import { expectHonestWire } from "./honest-wire.ts";

const own = "5511999990001";

async function paired(sandbox: Sandbox): Promise<Auth> {
  await using client = await pairClient(sandbox, { number: own });
  return client.auth;
}

/** What the next login is refused with: the code and the attributes of the `<failure>`. */
async function refusedWith(sandbox: Sandbox, auth: Auth): Promise<Record<string, string> | undefined> {
  await using client = connectClient(sandbox, auth);
  const code = await client.closed();
  const [failure] = client.stanzas("failure");
  if (failure === undefined) return { code: String(code) };
  expect(String(code)).toBe(failure.attrs["reason"]);
  return failure.attrs;
}

describe("a failure carries what WhatsApp says", () => {
  it.each([
    [402, { code: "101", expire: "7200", location: "vll" }],
    [403, { logout_message_header: "Sua conta foi bloqueada", logout_message_subtext: "Peça uma revisão" }],
    [406, {}],
    [499, { mood: "bad" }],
  ])("disconnect %i with attributes", async (code, attrs) => {
    await using sandbox = await openTestSandbox();
    const auth = await paired(sandbox);
    await sandbox.control.addFault({ type: "disconnect", match: { number: own }, code, attrs });
    expect(await refusedWith(sandbox, auth)).toEqual({ location: "frc", ...attrs, reason: String(code) });
    await using again = connectClient(sandbox, auth);
    await again.opened();
    expectHonestWire(sandbox);
  });
});

describe("an account that is refused", () => {
  it("every login, until it is pardoned; whoever is online is sent away", async () => {
    await using sandbox = await openTestSandbox();
    const api = createSandboxClient({ url: sandbox.url });
    await using client = await pairClient(sandbox, { number: own });
    await api.refuse({ number: own, reason: 403, attrs: { logout_message_header: "Locked" } });
    expect(await client.closed()).toBe(403);
    for (let login = 0; login < 2; login += 1) {
      expect(await refusedWith(sandbox, client.auth)).toMatchObject({
        reason: "403",
        logout_message_header: "Locked",
      });
    }
    await api.pardon({ number: own });
    await using again = connectClient(sandbox, client.auth);
    await again.opened();
  });

  it("one that flooded is let in again as well", async () => {
    await using sandbox = await openTestSandbox({}, { wire: "any" });
    await using client = await pairClient(sandbox, { number: own });
    const { id } = await sandbox.control.createGroup({ subject: "G", participants: [own, "5511888880301"] });
    await sandbox.control.behaviour({ groupThrottle: 0 });
    await client.sock.sendMessage(id, { text: "one too many" });
    expect(await client.closed()).toBe(403);
    await sandbox.control.behaviour({ groupThrottle: 60 });
    await sandbox.control.pardon({ number: own });
    await using again = connectClient(sandbox, client.auth);
    await again.opened();
  });

  it("locked in the state file of an older version: refused as one that flooded, until it is pardoned", async () => {
    const directory = await mkdtemp(join(tmpdir(), "sandbox-test-"));
    const statePath = join(directory, "state.json");
    const before = await openTestSandbox({ statePath });
    const auth = await paired(before);
    await before[Symbol.asyncDispose]();
    const saved: { people: { number: string; account?: object }[] } = JSON.parse(await readFile(statePath, "utf8"));
    const person = saved.people.find(({ number }) => number === own)!;
    person.account = { ...person.account, isLocked: true };
    await writeFile(statePath, JSON.stringify(saved));
    {
      await using after = await openTestSandbox({ statePath });
      expect(await refusedWith(after, auth)).toEqual({ reason: "403", location: "vll" });
    }
    // Written anew since, it is the same in one field.
    const account = JSON.parse(await readFile(statePath, "utf8")).people.find(
      (one: { number: string }) => one.number === own,
    ).account;
    expect(account).toMatchObject({ refusal: { reason: 403, attrs: { location: "vll" } } });
    expect(account).not.toHaveProperty("isLocked");
    await using again = await openTestSandbox({ statePath });
    await again.control.pardon({ number: own });
    await using client = connectClient(again, auth);
    await client.opened();
    await rm(directory, { recursive: true });
  });

  it("until a moment, told as the seconds that are left", async () => {
    let now = 1_800_000_000_000;
    const clock = { now: () => now, monotonicMs: () => performance.now() };
    await using sandbox = await openTestSandbox({ clock });
    const auth = await paired(sandbox);
    await sandbox.control.refuse({ number: own, reason: 402, attrs: { code: "104" }, until: now + 90_000 });
    expect(await refusedWith(sandbox, auth)).toMatchObject({ reason: "402", code: "104", expire: "90" });
    now += 60_500;
    expect(await refusedWith(sandbox, auth)).toMatchObject({ expire: "30" });
    now += 30_000;
    await using again = connectClient(sandbox, auth);
    await again.opened();
  });

  it("also after the sandbox has started again with its state", async () => {
    const directory = await mkdtemp(join(tmpdir(), "sandbox-test-"));
    const statePath = join(directory, "state.json");
    const before = await openTestSandbox({ statePath });
    const auth = await paired(before);
    await before.control.refuse({ number: own, reason: 406 });
    await before[Symbol.asyncDispose]();
    await using after = await openTestSandbox({ statePath });
    expect(await refusedWith(after, auth)).toMatchObject({ reason: "406" });
    await rm(directory, { recursive: true });
  });
});

describe("a request for a websocket that is refused", () => {
  it.each([
    [{}, 503, null],
    [{ code: 429, ms: 7_000 }, 429, "7"],
  ])("%j: %i, n times", async (options, status, retryAfter) => {
    await using sandbox = await openTestSandbox();
    await sandbox.control.addFault({ type: "upgrade-refuse", times: 2, ...options });
    const { websocketUrl } = sandbox.control.config();
    const ask = async () => {
      const { promise, resolve, reject } = Promise.withResolvers<[number | undefined, string | null]>();
      request(websocketUrl.replace("ws:", "http:"), {
        headers: { connection: "Upgrade", upgrade: "websocket", "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==" },
      })
        .on("response", (response) => {
          response.resume();
          resolve([response.statusCode, response.headers["retry-after"] ?? null]);
        })
        .on("upgrade", (_response, socket) => {
          socket.destroy();
          resolve([101, null]);
        })
        .on("error", reject)
        .end();
      return promise;
    };
    expect(await ask()).toEqual([status, retryAfter]);
    expect(await ask()).toEqual([status, retryAfter]);
    expect(sandbox.control.state().faults).toEqual([]);
    await paired(sandbox);
  });
});

describe("what a login says of itself", () => {
  it("is in the trace: who, which version, and whether it counts its logins and tries", async () => {
    await using sandbox = await openTestSandbox();
    await sandbox.control.behaviour({ minVersion: 0 });
    const auth = await paired(sandbox);
    await using client = connectClient(sandbox, auth, { version: [2, 3000, 1234] });
    await client.opened();
    const login = sandbox.control.trace().logins.at(-1);
    // Baileys counts neither its logins nor its tries.
    expect(login).toEqual({ at: expect.any(Number), number: own, device: 1, version: "2.3000.1234" });
  });
});
