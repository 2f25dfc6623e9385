import { Curve, initAuthCreds, type BinaryNode } from "@whiskeysockets/baileys";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { silentLog } from "#lib/log.ts";
import { systemClock } from "#lib/clock.ts";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { openAuthState } from "#whatsapp/auth-state.ts";
import { holdLease } from "#whatsapp/lease.ts";
import { keepSignedPreKeyFresh, namedSignedPreKey } from "#whatsapp/staying/signed-pre-key.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { openSessionRig } from "./session-rig.ts";

const day = 24 * 3_600_000;
const options = { everyMs: 27 * day, jitterMs: 3 * day, checkMs: 60_000 };

/** Rotating by a clock that is set, up to the next look. */
function device() {
  const creds = initAuthCreds();
  const stored: string[] = [];
  const asked: BinaryNode[] = [];
  const clock = { time: 0, now: () => clock.time, monotonicMs: () => clock.time };
  const rig = {
    creds,
    asked,
    stored,
    refuse: false,
    at: async (time: number) => {
      clock.time = time;
      const once = new AbortController();
      const auth = {
        creds,
        credsChanged: () => {},
        flush: async () => void stored.push(JSON.stringify(creds)),
      };
      const query = async (node: BinaryNode) => {
        asked.push(node);
        if (rig.refuse) throw new Error("refused");
      };
      const running = keepSignedPreKeyFresh({ auth, query, clock, log: silentLog }, options, once.signal);
      // What is due is done before the first nap.
      await new Promise((resolve) => setImmediate(resolve));
      once.abort();
      await running;
    },
  };
  return rig;
}

const idOf = (node: BinaryNode | undefined) => {
  const rotate = Array.isArray(node?.content) ? node.content[0] : undefined;
  const key = Array.isArray(rotate?.content) ? rotate.content[0] : undefined;
  const id = Array.isArray(key?.content) ? key.content[0]?.content : undefined;
  return Buffer.from(id as Uint8Array).readUIntBE(0, 3);
};

describe("the signed pre-key", () => {
  it("is changed after 27 to 30 days, and the one before is kept", async () => {
    const { creds, asked, at } = device();
    const first = creds.signedPreKey;
    await at(0);
    await at(26.9 * day);
    expect(asked).toEqual([]);
    await at(30 * day);
    expect(asked.map(idOf)).toEqual([first.keyId + 1]);
    expect(creds.signedPreKey.keyId).toBe(first.keyId + 1);
    const pub = Buffer.concat([Buffer.from([5]), creds.signedPreKey.keyPair.public]);
    expect(Curve.verify(creds.signedIdentityKey.public, pub, creds.signedPreKey.signature)).toBe(true);
    expect(creds).toMatchObject({ signedPreKeyRotation: { retired: { keyId: first.keyId } } });
    await at(56 * day);
    expect(asked).toHaveLength(1);
    await at(61 * day);
    expect(asked.map(idOf)).toEqual([first.keyId + 1, first.keyId + 2]);
  });

  it("is stored before the server hears of it, and offered again after a crash or a refusal: the same key", async () => {
    const one = device();
    await one.at(0);
    one.refuse = true;
    await one.at(31 * day);
    const present = one.creds.signedPreKey.keyId;
    expect(one.stored.at(-1)).toContain('"offered"');
    one.refuse = false;
    await one.at(31 * day + 1);
    expect(one.asked.map(idOf)).toEqual([present + 1, present + 1]);
    expect(one.asked[0]?.content).toEqual(one.asked[1]?.content);
    expect(one.creds.signedPreKey.keyId).toBe(present + 1);
  });
});

describe("which key a message names", () => {
  it.each([
    [[0x33, 0x08, 0x05, 0x30, 0x96, 0x01], 150],
    [[0x33, 0x12, 0x02, 0xff, 0xff, 0x30, 0x07], 7],
    [[0x33, 0x08, 0x05], undefined],
    [[0x33, 0x12, 0x7f, 0x30], undefined],
    [[], undefined],
    [[0x33, 0x0b, 0x30, 0x07], undefined],
  ])("%j: %s", (bytes, id) => {
    expect(namedSignedPreKey(Uint8Array.from(bytes))).toBe(id);
  });
});

describe("a session", () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await openTestSandbox();
  });
  afterAll(() => sandbox[Symbol.asyncDispose]());

  it("changes it while it is connected, and new conversations use it", async () => {
    let failures = 0;
    const signedPreKey = { everyMs: 50, jitterMs: 0, checkMs: 20 };
    await using rig = await openSessionRig(sandbox, { signedPreKey }, { decryptFailed: () => (failures += 1) });
    await rig.pair();
    const { number, contact } = rig;
    const rotations = () =>
      sandbox.control
        .trace()
        .stanzas.filter((one) => one.number === number && one.direction === "in" && one.stanza.includes("<rotate"));
    await expect.poll(() => rotations().length, { timeout: 8_000 }).toBeGreaterThan(0);
    await sandbox.control.contactSend({ number: contact, to: number, content: { text: "new key" } }, rig.signal);
    await expect.poll(rig.texts, { timeout: 8_000 }).toEqual(["new key"]);
    expect(failures).toBe(0);
  });

  it("reads what was written to the key before while it was on its way", async () => {
    let failures = 0;
    await using rig = await openSessionRig(sandbox, {}, { decryptFailed: () => (failures += 1) });
    await rig.pair();
    const { number, contact, instanceId, sessions } = rig;
    await sessions.stop(instanceId);
    await sandbox.control.contactSend({ number: contact, to: number, content: { text: "to the old key" } }, rig.signal);
    const held = await holdLease(
      { ...rig.store, clock: systemClock, log: silentLog },
      { instanceId, owner: "test", ttlMs: 60_000, renewMs: 30_000 },
      () => {},
    );
    {
      const changes: BinaryNode[] = [];
      await using auth = await openAuthState(rig.authStore, {
        instanceId,
        token: held.token,
        maxCachedKeys: 16,
        maxCommitTries: 1,
        onPairs: () => {},
        onFailure: (error) => {
          throw error;
        },
      });
      const before = auth.creds.signedPreKey.keyId;
      // The moment comes twice: the first look only writes down when it will be.
      let now = systemClock.now();
      const clock = { now: () => (now += 40 * day), monotonicMs: () => now };
      const stop = new AbortController();
      const query = async (node: BinaryNode) => {
        changes.push(node);
        stop.abort();
      };
      await keepSignedPreKeyFresh({ auth, query, clock, log: silentLog }, { ...options, checkMs: 1 }, stop.signal);
      expect([changes.length, auth.creds.signedPreKey.keyId]).toEqual([1, before + 1]);
    }
    await held[Symbol.asyncDispose]();
    await sessions.start(instanceId);
    await expect.poll(rig.texts, { timeout: 8_000 }).toEqual(["to the old key"]);
    expect(failures).toBe(0);
  });
});
