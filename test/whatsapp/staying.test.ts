import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Refusal } from "#domain/refusal.ts";
import type { Sandbox } from "#sandbox/sandbox.ts";
import type { UnknownWire } from "#whatsapp/unknown-wire.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { openSessionRig, type SessionRig } from "./session-rig.ts";

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await openTestSandbox();
});

afterAll(() => sandbox[Symbol.asyncDispose]());

const wait = { timeout: 8_000 };
const stateOf = async (rig: SessionRig) => (await rig.sessions.view(rig.instanceId)).connection;
const storedOf = async (rig: SessionRig) => (await rig.store.instances.get({ instanceId: rig.instanceId }))?.connection;
const disconnects = (rig: SessionRig) =>
  rig.batches.flatMap(({ captured }) => (captured?.kind === "disconnected" ? [captured] : []));

describe("a login that WhatsApp refuses", () => {
  it.each<[string, number, Record<string, string>, string, string, Partial<Refusal>]>([
    ["restricted", 402, { code: "101", expire: "7200" }, "restricted", "temporarily_banned", { cause: "strangers" }],
    [
      "locked",
      403,
      { logout_message_header: "Sua conta foi bloqueada", logout_message_subtext: "Peça uma revisão" },
      "locked",
      "locked",
      { header: "Sua conta foi bloqueada", subtext: "Peça uma revisão" },
    ],
    ["version", 405, {}, "disconnected", "version_refused", {}],
    ["banned", 406, {}, "banned", "banned", {}],
    ["client", 409, {}, "disconnected", "client_refused", {}],
    ["client", 414, {}, "disconnected", "client_refused", {}],
    ["rate", 429, {}, "disconnected", "rate_limited", {}],
    ["unknown", 499, {}, "disconnected", "refused", {}],
  ])("%s (%i): stored, told, and its credentials are kept", async (kind, code, attrs, state, reason, more) => {
    const reconnect = { baseMs: 20, maxMs: 60_000, stableMs: 1_000, healMs: 60_000, maxHeals: 1 };
    await using rig = await openSessionRig(sandbox, { reconnect });
    await rig.pair();
    await sandbox.control.addFault({ type: "disconnect", match: { number: rig.number }, code, attrs });
    const said = { kind, code, ...more };
    await expect.poll(() => stateOf(rig), wait).toMatchObject({ state, reason, statusCode: code, refusal: said });
    await expect.poll(() => storedOf(rig), wait).toMatchObject({ state, refusal: said, phone: rig.number });
    expect(await rig.store.authState.loadCreds({ instanceId: rig.instanceId })).toBeDefined();
    await expect.poll(() => disconnects(rig), wait).toMatchObject([{ reason, refusal: said }]);
    if (kind === "restricted") {
      const { refusal } = await stateOf(rig);
      expect(refusal?.until).toBeGreaterThan(Date.now() + 7_000_000);
    }
  });

  it("only a device that the phone removed (401) loses its credentials", async () => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    await sandbox.control.addFault({ type: "disconnect", match: { number: rig.number }, code: 401 });
    await expect.poll(async () => (await stateOf(rig)).state, wait).toBe("logged_out");
    expect(await rig.store.authState.loadCreds({ instanceId: rig.instanceId })).toBeUndefined();
  });

  it("banned: stays away, and after a successful appeal a restart brings it back with the same pairing", async () => {
    await using rig = await openSessionRig(sandbox);
    const { number, instanceId, sessions } = rig;
    await rig.pair();
    await sandbox.control.refuse({ number, reason: 406 });
    await expect.poll(async () => (await stateOf(rig)).state, wait).toBe("banned");
    expect(await sessions.view(instanceId)).not.toHaveProperty("retry");
    await sessions.restart(instanceId);
    await expect.poll(async () => (await stateOf(rig)).state, wait).toBe("banned");
    await sandbox.control.pardon({ number });
    await sessions.restart(instanceId);
    await rig.opened();
    expect(await stateOf(rig)).not.toHaveProperty("refusal");
    expect(sandbox.control.state().devices.filter((device) => device.number === number)).toHaveLength(1);
  });

  it("restricted until a moment: comes back by itself then, also in a process that was started meanwhile", async () => {
    await using rig = await openSessionRig(sandbox);
    const { number, instanceId } = rig;
    await rig.pair();
    const logins = () => sandbox.control.trace().logins.filter((login) => login.number === number).length;
    await sandbox.control.refuse({ number, reason: 402, attrs: { code: "103" }, until: Date.now() + 1_500 });
    await expect.poll(async () => (await stateOf(rig)).state, wait).toBe("restricted");
    await expect.poll(async () => (await storedOf(rig))?.refusal?.until, wait).toBeGreaterThan(Date.now());
    const before = logins();
    // As after a crash: nothing is told, the lease is taken over.
    await rig.sessions[Symbol.asyncDispose]();
    await using next = rig.other("two");
    await next.start(instanceId);
    const view = await next.view(instanceId);
    expect(view).toMatchObject({ owned: true, connection: { state: "restricted", reason: "temporarily_banned" } });
    expect(view.retry?.nextAt).toBeGreaterThan(Date.now());
    expect(logins()).toBe(before);
    await next.untilOpen(instanceId, rig.signal);
    expect(next.isOpen(instanceId)).toBe(true);
  });

  it("what nobody here knows is counted by its name", async () => {
    const unknown: UnknownWire[] = [];
    await using rig = await openSessionRig(sandbox, {}, { unknownWire: (one) => unknown.push(one) });
    await rig.pair();
    await sandbox.control.addFault({
      type: "disconnect",
      match: { number: rig.number },
      code: 477,
      attrs: { mood: "bad" },
    });
    await expect
      .poll(() => unknown, wait)
      .toEqual([
        { kind: "failure", name: "477" },
        { kind: "attribute", name: "failure mood" },
      ]);
  });
});

describe("a request for the websocket that is refused", () => {
  it.each([503, 429, 401, 403])("HTTP %i: torn down at once, tried again, credentials kept", async (code) => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    await sandbox.control.addFault({ type: "upgrade-refuse", times: 2, code });
    await sandbox.control.addFault({ type: "tcp-drop", match: { number: rig.number } });
    // Far below the time after which a socket that hangs is noticed (75 s): the rig gives all of this 15 s.
    await expect
      .poll(rig.stateNames, wait)
      .toEqual(expect.arrayContaining(["disconnected connection_closed", "disconnected upgrade_refused"]));
    await rig.opened();
    expect(sandbox.control.state().faults).toEqual([]);
    expect(await rig.store.authState.loadCreds({ instanceId: rig.instanceId })).toBeDefined();
  });

  it("Retry-After is obeyed", async () => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    await sandbox.control.addFault({ type: "upgrade-refuse", code: 503, ms: 30_000 });
    await sandbox.control.addFault({ type: "tcp-drop", match: { number: rig.number } });
    await expect.poll(async () => (await stateOf(rig)).reason, wait).toBe("upgrade_refused");
    const { retry } = await rig.sessions.view(rig.instanceId);
    expect(retry?.nextAt).toBeGreaterThan(Date.now() + 20_000);
  });
});

describe("a server that lets nobody in", () => {
  it("closed three times right after the hello: says that the version may be refused", async () => {
    const suspected: boolean[] = [];
    await using rig = await openSessionRig(sandbox, {}, { versionSuspected: ({ certain }) => suspected.push(certain) });
    await rig.pair();
    // Once for the open connection, three times at the next logins.
    await sandbox.control.addFault({ type: "disconnect", match: { number: rig.number }, code: 428, times: 4 });
    await expect.poll(rig.stateNames, wait).toEqual(expect.arrayContaining(["disconnected version_suspected"]));
    expect(suspected).toEqual([false]);
    await rig.opened();
  });

  it("refused for its version (405): says so, each time", async () => {
    const suspected: boolean[] = [];
    await using rig = await openSessionRig(sandbox, {}, { versionSuspected: ({ certain }) => suspected.push(certain) });
    await rig.pair();
    await sandbox.control.refuse({ number: rig.number, reason: 405 });
    await expect.poll(() => suspected.length, wait).toBeGreaterThan(1);
    expect(new Set(suspected)).toEqual(new Set([true]));
    await sandbox.control.pardon({ number: rig.number });
    await rig.opened();
  });
});
