import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Behaviour } from "#sandbox/control.ts";
import type { Sandbox } from "#sandbox/sandbox.ts";
import type { UnknownWire } from "#whatsapp/unknown-wire.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { addressingTools, pnOf, stranger, wait } from "./addressing-tools.ts";
import type { SessionRig } from "./session-rig.ts";

let sandbox: Sandbox;
let strict: Behaviour;
beforeAll(async () => {
  sandbox = await openTestSandbox();
  strict = sandbox.control.state().behaviour;
});
afterAll(() => sandbox[Symbol.asyncDispose]());
afterEach(async () => {
  await sandbox.control.behaviour(strict);
  await sandbox.control.clearFaults();
});

const { account, send, lidOf, tries, arrived } = addressingTools(() => sandbox);

describe("what an ack says", () => {
  let rig: SessionRig;
  const unknown: UnknownWire[] = [];
  beforeAll(async () => void (rig = await account(true, unknown)));
  afterAll(() => rig[Symbol.asyncDispose]());

  it.each([
    // Once: the one more try that the code is worth.
    [400, 1, 2, { outcome: "rejected", kind: "restricted" }],
    [401, 1, 2, { outcome: "acked" }],
    [403, 1, 2, { outcome: "acked" }],
    [404, 2, 2, { outcome: "rejected", kind: "permanent", code: 404 }],
    [405, 1, 2, { outcome: "acked" }],
    [405, 2, 2, { outcome: "rejected", kind: "permanent", code: 405 }],
    [406, 2, 2, { outcome: "rejected", kind: "permanent", code: 406 }],
    [408, 1, 1, { outcome: "unknown", kind: "transient", code: 408 }],
    [421, 1, 2, { outcome: "acked" }],
    [425, 1, 1, { outcome: "unknown", kind: "transient", code: 425 }],
    [429, 1, 1, { outcome: "rejected", kind: "restricted", code: 429 }],
    [431, 2, 2, { outcome: "rejected", kind: "permanent", code: 431 }],
    [463, 1, 2, { outcome: "rejected", kind: "restricted", code: 463 }],
    [475, 1, 1, { outcome: "rejected", kind: "restricted", code: 475 }],
    [479, 1, 2, { outcome: "rejected", kind: "permanent", code: 479 }],
    [500, 1, 1, { outcome: "unknown", kind: "transient", code: 500 }],
    [503, 1, 1, { outcome: "unknown", kind: "transient", code: 503 }],
  ])("error %i, %i times: %i tries under one id", async (code, times, expected, result) => {
    await sandbox.control.behaviour({ numberDevices: "listed" });
    const number = stranger();
    await send(rig, pnOf(number));
    await sandbox.control.addFault({ type: "ack-error", match: { number: rig.number }, code, times });
    const tried = await send(rig, pnOf(number));
    expect(tried).toMatchObject(result);
    expect(tries(tried.id)).toHaveLength(expected);
    await sandbox.control.clearFaults();
    expect(await send(rig, pnOf(number))).toMatchObject({ outcome: "acked" });
  });

  it("a code that nobody knows is counted", () => {
    expect(unknown.filter(({ kind }) => kind === "ack")).toEqual([
      { kind: "ack", name: "431" },
      { kind: "ack", name: "431" },
    ]);
  });

  it("restricted in a group: it is no new conversation, and too much sent is another thing than this chat", async () => {
    const { id } = await sandbox.control.createGroup({ subject: "g", participants: [rig.number, rig.contact] });
    const words = async (code: number): Promise<unknown> => {
      await sandbox.control.addFault({ type: "ack-error", match: { number: rig.number }, code, times: 2 });
      const result = await send(rig, id);
      await sandbox.control.clearFaults();
      return result.outcome === "acked" ? undefined : result.error;
    };
    expect([await words(429), await words(463)]).toEqual([
      "WhatsApp restricts what this account sends for a while",
      "WhatsApp restricts what this account sends to this chat for a while",
    ]);
  });

  it.each([
    [403, 1, { outcome: "acked" }],
    [421, 1, { outcome: "acked" }],
    [421, 2, { outcome: "rejected", kind: "permanent", code: 421 }],
    [479, 1, { outcome: "acked" }],
  ])("error %i in a group, %i times: its members are asked for anew", async (code, times, result) => {
    const { id } = await sandbox.control.createGroup({ subject: "g", participants: [rig.number, rig.contact] });
    await send(rig, id);
    const asked = (): number =>
      sandbox.control.trace().stanzas.filter(({ stanza }) => stanza.includes(`to="${id}"`) && stanza.includes("w:g2"))
        .length;
    const before = asked();
    await sandbox.control.addFault({ type: "ack-error", match: { number: rig.number }, code, times });
    const tried = await send(rig, id);
    expect(tried).toMatchObject(result);
    expect(tries(tried.id)).toHaveLength(2);
    expect(asked()).toBeGreaterThan(before);
  });

  it("403 in a group that we are no member of any more is final at once", async () => {
    const { id } = await sandbox.control.createGroup({ subject: "g", participants: [rig.contact, rig.number] });
    await send(rig, id);
    await sandbox.control.groupParticipants({ group: id, action: "remove", participants: [rig.number] });
    expect(await send(rig, id)).toMatchObject({ outcome: "rejected", kind: "permanent" });
  });

  it("a question about devices that is refused says nothing about the group: the message is tried again", async () => {
    const { id } = await sandbox.control.createGroup({ subject: "g", participants: [rig.number, stranger()] });
    await sandbox.control.addFault({ type: "iq-error", match: { number: rig.number, xmlns: "usync" }, code: 403 });
    expect(await send(rig, id)).toMatchObject({ outcome: "unknown", kind: "transient" });
    await sandbox.control.clearFaults();
    expect(await send(rig, id)).toMatchObject({ outcome: "acked" });
  });

  it("refresh_lid: the LID is asked for by number, and the next message goes by it", async () => {
    await sandbox.control.behaviour({ addressing: "any", numberDevices: "listed" });
    await using other = await account(false);
    const number = stranger();
    await sandbox.control.addFault({ type: "ack-refresh-lid", match: { number: other.number } });
    const first = await send(other, pnOf(number));
    expect(tries(first.id)).toEqual([pnOf(number)]);
    const next = await send(other, pnOf(number));
    expect(tries(next.id)).toEqual([await lidOf(number)]);
  });

  /** A group with somebody whose second device was linked without a word to us. */
  async function groupWithUntold(): Promise<{ readonly group: string; readonly lid: string; readonly number: string }> {
    const number = stranger();
    const lid = await lidOf(number);
    const participants = [rig.number, number];
    const { id: group } = await sandbox.control.createGroup({ subject: "g", participants, addressing: "lid" });
    await send(rig, group);
    const user = lid.replace("@lid", "");
    const { userDevicesCache } = rig.sessions.openSocket(rig.instanceId)!.sock;
    await sandbox.control.addContact({ number, devices: 2 });
    const told = (): boolean => {
      const device = sandbox.control.state().devices.find((linked) => linked.number === rig.number);
      return device?.queued === 0 && userDevicesCache.get(user) === undefined;
    };
    await expect.poll(told, wait).toBe(true);
    await userDevicesCache.set(user, [{ user, device: 0, server: "lid" }] as never);
    return { group, lid, number };
  }

  /** Stanzas of this message to one device of a group. */
  const toOneDevice = (id: string): string[] =>
    sandbox.control
      .trace()
      .stanzas.filter(({ direction, stanza }) => direction === "in" && stanza.includes(`id="${id}"`))
      .flatMap(({ stanza }) => (stanza.startsWith("<message ") && / participant="([^"]+)"/.exec(stanza)?.[1]) || []);

  it("phash of a group: a member's device that was left out gets the message, and later ones", async () => {
    const { group, lid, number } = await groupWithUntold();
    await sandbox.control.addFault({ type: "ack-phash", match: { number: rig.number } });
    const result = await send(rig, group);
    expect(result.outcome).toBe("acked");
    await expect.poll(() => toOneDevice(result.id), wait).toEqual([lid.replace("@", ":1@")]);
    const next = await send(rig, group);
    await arrived(number, next.id);
    expect(sandbox.control.trace().decryptErrors.filter((error) => error.number === number)).toEqual([]);
  });

  it("phash of a group that is ours: nobody is asked for anything", async () => {
    const number = stranger();
    const { id } = await sandbox.control.createGroup({ subject: "g", participants: [rig.number, number] });
    await send(rig, id);
    await sandbox.control.addFault({ type: "ack-phash", match: { number: rig.number } });
    const queries = (): number =>
      sandbox.control.trace().stanzas.filter(({ direction, stanza }) => direction === "in" && stanza.startsWith("<iq "))
        .length;
    const before = queries();
    const result = await send(rig, id);
    expect(toOneDevice(result.id)).toEqual([]);
    expect(queries()).toBe(before);
  });

  it("phash: a device that was left out gets the message too", async () => {
    const number = stranger();
    const lid = await lidOf(number);
    await send(rig, pnOf(number));
    const user = lid.replace("@lid", "");
    const { userDevicesCache } = rig.sessions.openSocket(rig.instanceId)!.sock;
    await sandbox.control.addContact({ number, devices: 2 });
    const told = (): boolean => {
      const device = sandbox.control.state().devices.find((linked) => linked.number === rig.number);
      const known: unknown = userDevicesCache.get(user);
      return device?.queued === 0 && !(Array.isArray(known) && known.length === 1);
    };
    await expect.poll(told, wait).toBe(true);
    // As if its notice had not come.
    await userDevicesCache.set(user, [{ user, device: 0, server: "lid" }] as never);
    await sandbox.control.addFault({ type: "ack-phash", match: { number: rig.number } });
    const result = await send(rig, pnOf(number));
    expect(result.outcome).toBe("acked");
    await expect.poll(() => tries(result.id), wait).toEqual([lid, lid.replace("@", ":1@")]);
  });
});
