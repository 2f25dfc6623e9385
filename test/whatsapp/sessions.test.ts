import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { openSessionRig } from "./session-rig.ts";

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await openTestSandbox();
});

afterAll(() => sandbox[Symbol.asyncDispose]());

const wait = { timeout: 8_000 };

describe("pairing", () => {
  it("by QR: connected, recorded with number and LID, told once", async () => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    const { connection, owned } = await rig.sessions.view(rig.instanceId);
    expect(owned).toBe(true);
    expect(connection).toMatchObject({ state: "connected", phone: rig.number, lid: expect.stringMatching(/^\d+$/) });
    expect(connection.lastSeenAt).toBeGreaterThan(0);
    const stored = await rig.store.instances.get({ instanceId: rig.instanceId });
    expect(stored?.connection).toMatchObject({ state: "connected", phone: rig.number });
    expect(await rig.stateNames()).toEqual(["pairing start", "connecting restart_required", "connected connected"]);
    expect(rig.batches.flatMap(({ captured }) => captured?.kind ?? [])).toEqual(["connected"]);
    await expect(rig.sessions.qr(rig.instanceId, rig.signal)).rejects.toMatchObject({ code: "already_paired" });
  });

  it("by code: the code typed on the phone links it", async () => {
    await using rig = await openSessionRig(sandbox);
    const { instanceId, number } = rig;
    const code = await rig.sessions.pairingCode({ instanceId, phone: number, customCode: "WAZAPI42" }, rig.signal);
    expect(code).toBe("WAZAPI42");
    await expect
      .poll(
        () =>
          sandbox.control.code({ number, code }, rig.signal).then(
            () => true,
            () => false,
          ),
        wait,
      )
      .toBe(true);
    await rig.opened();
    expect(rig.sessions.isOpen(instanceId)).toBe(true);
  });

  it("by code: an abandoned code leaves a session that pairs afresh", async () => {
    await using rig = await openSessionRig(sandbox);
    const { instanceId } = rig;
    await rig.sessions.pairingCode({ instanceId, phone: rig.number }, rig.signal);
    await rig.sessions.restart(instanceId);
    await rig.pair();
    expect((await rig.sessions.view(instanceId)).connection.state).toBe("connected");
  });

  it("by code: a custom code of another length is refused", async () => {
    await using rig = await openSessionRig(sandbox);
    const input = { instanceId: rig.instanceId, phone: rig.number, customCode: "short" };
    await expect(rig.sessions.pairingCode(input, rig.signal)).rejects.toMatchObject({ code: "invalid_request" });
  });

  it("pauses when nobody scans, and goes on for the next who asks", async () => {
    await using rig = await openSessionRig(sandbox, { qrTimeoutMs: 15 });
    const first = await rig.sessions.qr(rig.instanceId, rig.signal);
    await expect
      .poll(async () => (await rig.sessions.view(rig.instanceId)).connection, wait)
      .toMatchObject({ state: "unpaired", reason: "qr_expired" });
    expect(rig.sessions.owned()).toEqual([]);
    const next = await rig.sessions.qr(rig.instanceId, rig.signal);
    expect(next.qr).not.toBe(first.qr);
  });

  it("waiting for a QR ends with the caller", async () => {
    await using rig = await openSessionRig(sandbox);
    await expect(rig.sessions.qr(rig.instanceId, AbortSignal.abort())).rejects.toMatchObject({ code: "timeout" });
    await expect(rig.sessions.qr("F".repeat(32), rig.signal)).rejects.toMatchObject({ code: "instance_not_found" });
  });
});

describe("a connected session", () => {
  it("restart comes back, stop stays away, start resumes: pairing stays", async () => {
    await using rig = await openSessionRig(sandbox);
    const { sessions, instanceId } = rig;
    await rig.pair();
    await sessions.restart(instanceId);
    await rig.opened();
    await sessions.stop(instanceId);
    expect(sessions.isOpen(instanceId)).toBe(false);
    expect((await sessions.view(instanceId)).connection).toMatchObject({
      state: "disconnected",
      reason: "stopped",
      phone: rig.number,
    });
    await sessions.start(instanceId);
    await rig.opened();
    expect(sessions.connectedCount()).toBe(1);
  });

  it("logout removes the device at WhatsApp and everything kept of it", async () => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    await rig.sessions.logout(rig.instanceId);
    expect((await rig.sessions.view(rig.instanceId)).connection).toMatchObject({
      state: "logged_out",
      reason: "logout",
    });
    expect(await rig.store.authState.loadCreds({ instanceId: rig.instanceId })).toBeUndefined();
    expect(sandbox.control.state().devices.filter(({ number }) => number === rig.number)).toEqual([]);
    await rig.pair();
  });

  it("unlinked on the phone: logged out, forgotten, told", async () => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    await sandbox.control.unlink({ number: rig.number });
    await expect.poll(async () => (await rig.sessions.view(rig.instanceId)).connection.state, wait).toBe("logged_out");
    expect(await rig.store.authState.loadCreds({ instanceId: rig.instanceId })).toBeUndefined();
    expect(rig.batches.flatMap(({ captured }) => captured?.kind ?? [])).toEqual(["connected", "disconnected"]);
  });

  it.each([
    [503, "disconnected server_unavailable"],
    [440, "replaced replaced"],
  ])("closed with %i it says why, and comes back", async (code, said) => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    await sandbox.control.addFault({ type: "disconnect", match: { number: rig.number }, code });
    await expect.poll(rig.stateNames, wait).toEqual(expect.arrayContaining([said]));
    await rig.opened();
    expect((await rig.stateNames()).at(-1)).toBe("connected connected");
  });

  it("a dropped connection comes back", async () => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    await sandbox.control.addFault({ type: "tcp-drop", match: { number: rig.number } });
    await expect.poll(rig.stateNames, wait).toEqual(expect.arrayContaining(["disconnected connection_closed"]));
    await rig.opened();
  });

  it.each<[string, unknown]>([
    ["CB:ib,,offline_preview", { tag: "ib", attrs: {}, content: [{ tag: "offline_preview", attrs: { count: "1" } }] }],
    ["CB:iq,type:set,pair-device", { tag: "iq", attrs: { id: "1" }, content: [{ tag: "pair-device", attrs: {} }] }],
    ["CB:ib,,dirty", { tag: "ib", attrs: {}, content: [{ tag: "dirty", attrs: { type: "groups" } }] }],
  ])("%s while it closes is nobody's unhandled rejection, which would end the process", async (event, stanza) => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    const ws = rig.sessions.openSocket(rig.instanceId)?.sock.ws;
    expect(ws?.isOpen).toBe(true);
    await sandbox.control.addFault({ type: "tcp-drop", match: { number: rig.number } });
    await expect.poll(() => ws?.isOpen, wait).toBe(false);
    const listeners = ws?.listeners(event) ?? [];
    expect(listeners.length).toBeGreaterThan(0);
    await expect(Promise.all(listeners.map((listener): unknown => listener.call(ws, stanza)))).resolves.toBeDefined();
    await rig.opened();
  });

  it("a frame that cannot be read ends the connection, and the next one is whole", async () => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    rig.sessions
      .openSocket(rig.instanceId)
      ?.sock.ws.emit("message", Buffer.from("00001000112233445566778899aabbccddeeff", "hex"));
    await expect.poll(rig.stateNames, wait).toEqual(expect.arrayContaining(["disconnected connection_closed"]));
    await rig.opened();
    await sandbox.control.contactSend({ number: rig.contact, to: rig.number, content: { text: "oi" } }, rig.signal);
    await expect.poll(rig.texts, wait).toEqual(["oi"]);
  });

  it("one that says nothing any more is torn down by the watchdog", async () => {
    await using rig = await openSessionRig(sandbox, { silentMs: 150, keepAliveMs: 60_000 });
    await rig.link();
    await expect.poll(rig.stateNames, wait).toEqual(expect.arrayContaining(["disconnected silent"]));
  });

  it("tells its profile, shows typing, subscribes, marks read and rejects calls without failing", async () => {
    await using rig = await openSessionRig(sandbox);
    const { sessions, instanceId } = rig;
    await expect(sessions.profile(instanceId)).rejects.toMatchObject({ code: "not_connected" });
    await rig.pair();
    expect(await sessions.profile(instanceId)).toMatchObject({ phone: rig.number, isBusiness: false });
    const jid = `${rig.contact}@s.whatsapp.net`;
    await sessions.typing(instanceId, jid, "composing");
    await sessions.subscribePresence(instanceId, jid);
    await sessions.markRead(instanceId, [{ remoteJid: jid, id: "ABC", fromMe: false }]);
    await sessions.setProfile(instanceId, { kind: "about", value: "here" });
  });
});

describe("several processes", () => {
  it("one drives a session; after it has gone the next one takes over with the pairing", async () => {
    await using rig = await openSessionRig(sandbox);
    await rig.pair();
    const second = rig.other("two");
    expect(await second.startAll(rig.signal)).toBe(0);
    expect(await second.view(rig.instanceId)).toMatchObject({ owned: false, connection: { state: "connected" } });
    await rig.sessions[Symbol.asyncDispose]();
    expect((await rig.stateNames()).at(-1)).toBe("disconnected shutdown");
    expect(await second.startAll(rig.signal)).toBe(1);
    await second.untilOpen(rig.instanceId, rig.signal);
    expect(second.owned()).toEqual([rig.instanceId]);
  });

  it("a session whose lease another process took stops at its next write", async () => {
    await using rig = await openSessionRig(sandbox);
    const { instanceId } = rig;
    await rig.pair();
    await rig.store.authState.fence({ instanceId, token: 1_000 });
    await sandbox.control.contactSend({ number: rig.contact, to: rig.number, content: { text: "hi" } }, rig.signal);
    await expect
      .poll(async () => (await rig.sessions.view(instanceId)).connection, wait)
      .toMatchObject({ state: "disconnected", reason: "lease_lost" });
    expect(rig.sessions.isOpen(instanceId)).toBe(false);
    expect(rig.texts()).toEqual([]);
  });
});
