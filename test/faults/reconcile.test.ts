import { afterAll, beforeAll, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { openEngineRig } from "./engine-rig.ts";

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await openTestSandbox();
});

afterAll(() => sandbox[Symbol.asyncDispose]());

const wait = { timeout: 20_000, interval: 5 };

it("a start and a reconnect on its way are no findings", async () => {
  await using rig = await openEngineRig(sandbox);
  const findings: unknown[] = [];
  await rig.restart();
  await rig.opened();
  findings.push(await rig.engine().reconcile.request());
  const { promise: letGo, resolve } = Promise.withResolvers<void>();
  let opening = 0;
  rig.faults.before(async (method) => {
    if (method !== "authState.loadCreds") return;
    opening += 1;
    await letGo;
  });
  await sandbox.control.addFault({ type: "tcp-drop", match: { number: rig.number } });
  await expect.poll(() => opening, wait).toBe(1);
  const looked = rig.engine().reconcile.request();
  // A round that finds something waits for the session it wants to start.
  await Promise.race([looked, new Promise((done) => setTimeout(done, 2_000))]);
  resolve();
  findings.push(await looked);
  await rig.opened();
  findings.push(await rig.engine().reconcile.request());
  expect(findings).toEqual([{}, {}, {}]);
  expect(rig.logged.filter(({ message }) => message === "reconcile found a gap")).toEqual([]);
});
