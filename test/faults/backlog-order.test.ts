import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { openSessionRig, type SessionRig } from "../whatsapp/session-rig.ts";

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await openTestSandbox();
});

afterAll(() => sandbox[Symbol.asyncDispose]());

const wait = { timeout: 8_000 };

const say = (rig: SessionRig, text: string, count: number) =>
  sandbox.control.contactSend({ number: rig.contact, to: rig.number, content: { text }, count }, rig.signal);

const names = (kind: string, count: number) => Array.from({ length: count }, (_, n) => `${kind} ${n + 1}`);

/** Stops the session, lets 20 messages wait for it, starts it again and acts once the first of them was decrypted. */
async function comeBack(rig: SessionRig, act: () => Promise<void>): Promise<void> {
  await rig.sessions.stop(rig.instanceId);
  await say(rig, "missed {n}", 20);
  let acted = false;
  rig.authStore.before = async ({ journal }) => {
    if (acted || journal === undefined) return;
    acted = true;
    await say(rig, "live {n}", 5);
    await act();
  };
  await rig.sessions.start(rig.instanceId);
}

it("what comes live waits for the backlog in front of it", async () => {
  await using rig = await openSessionRig(sandbox);
  await rig.pair();
  // Until the socket has brought it all.
  await comeBack(rig, () => sleep(100));
  await expect.poll(() => rig.texts().length, wait).toBe(25);
  expect(rig.texts()).toEqual([...names("missed", 20), ...names("live", 5)]);
});

it("a socket that closes meanwhile hands nothing on out of its turn", async () => {
  await using rig = await openSessionRig(sandbox);
  await rig.pair();
  await comeBack(rig, async () => {
    await sleep(100);
    void rig.sessions.stop(rig.instanceId).then(() => rig.sessions.start(rig.instanceId));
    await sleep(50);
  });
  await expect.poll(() => new Set(rig.texts()).size, wait).toBe(25);
  expect([...new Set(rig.texts())]).toEqual([...names("missed", 20), ...names("live", 5)]);
});
