import { afterAll, beforeAll, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { type EngineRig, openEngineRig } from "./engine-rig.ts";

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

/** Only when it is asked: nothing is healed by accident. */
const asked = { everyMs: 600_000, firstAfterMs: 600_000 };

/** It does not come back by itself. */
const noHeals = { baseMs: 20, maxMs: 100, stableMs: 1_000, healMs: 50, maxHeals: 0 };

async function stateOf({ engine, instanceId }: EngineRig): Promise<string> {
  const { connection, owned } = await engine().http.sessions.view(instanceId);
  return `${connection.state} ${connection.reason ?? ""} ${owned ? "driven" : "alone"}`;
}

/** How an instance dies although its client is there, and what the look at it then finds. */
const deaths: readonly {
  readonly finding: string;
  readonly options: NonNullable<Parameters<typeof openEngineRig>[1]>["options"];
  readonly dies: (rig: EngineRig) => Promise<unknown>;
}[] = [
  {
    finding: "missing",
    options: { reconcile: asked, sessions: { leaseRenewMs: 50, reconnect: noHeals } },
    dies: async (rig) => {
      // Another process takes the session, and dies.
      const { leases } = rig.inner;
      const name = `instance:${rig.instanceId}`;
      const held = await leases.get({ name });
      if (held === undefined) throw new Error("nobody drives the instance");
      await leases.release({ lease: held });
      const lease = await leases.acquire({ name, owner: "another", ttlMs: 60_000, now: Date.now() });
      await expect.poll(() => stateOf(rig), wait).toMatch(/ alone$/);
      if (lease !== undefined) await leases.release({ lease });
    },
  },
  {
    finding: "replaced",
    options: { reconcile: { ...asked, replacedMs: 1 }, sessions: { reconnect: noHeals } },
    dies: async (rig) => {
      await sandbox.control.addFault({ type: "disconnect", match: { number: rig.number }, code: 440 });
      await expect.poll(() => stateOf(rig), wait).toMatch(/^replaced .* alone$/);
    },
  },
  {
    finding: "silent",
    options: { reconcile: { ...asked, silentMs: 200 } },
    dies: async (rig) => {
      const silent = async () => (await rig.engine().http.sessions.view(rig.instanceId)).silentForMs ?? 0;
      await expect.poll(silent, wait).toBeGreaterThan(200);
    },
  },
];

it.each(deaths)(
  "an instance that is $finding is found, told once, and lives again",
  async ({ options, dies, finding }) => {
    await using rig = await openEngineRig(sandbox, options === undefined ? {} : { options });
    await dies(rig);
    expect(await rig.engine().reconcile.request()).toEqual({ [finding]: 1 });
    await rig.opened();
    expect(rig.engine().reconcile.last()?.findings).toEqual({ [finding]: 1 });
    const told = rig.logged.filter(({ message }) => message === "reconcile found a gap");
    expect(told.map(({ level, fields }) => [level, fields])).toEqual([
      ["warn", { finding, count: 1, instanceId: rig.instanceId }],
    ]);
    const [messageId] = await rig.receive("alive");
    await expect.poll(() => rig.delivered(), wait).toEqual([messageId]);
  },
);
