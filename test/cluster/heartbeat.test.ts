import { expect, test } from "vitest";
import { startHeartbeat } from "#cluster/heartbeat.ts";
import { newNodeId } from "#cluster/node-id.ts";
import { silentLog } from "#lib/log.ts";
import { createFakeTime } from "../support/fake-time.ts";

const never = new AbortController().signal;

test("heartbeat: beats at once and then regularly, survives a failing store, leaves in peace", async () => {
  const time = createFakeTime();
  const calls: unknown[] = [];
  const leases = {
    heartbeat: async ({ nodeId, address, now }: { nodeId: string; address?: string; now: number }) => {
      calls.push([nodeId, address]);
      if (calls.length === 2) throw new Error(`disk full at ${now}`);
    },
    leave: async ({ nodeId }: { nodeId: string }) => void calls.push(`${nodeId} leaves`),
  };
  const options = { nodeId: "n1", address: "http://127.0.0.1:1", everyMs: 5_000 };
  const heartbeat = startHeartbeat({ leases, onLost: () => {}, ...time, log: silentLog }, options, never);
  const start = time.clock.now();
  await time.settle();
  expect(heartbeat.lastBeatAt()).toBe(start);
  time.advance(5_000);
  await time.settle();
  expect(heartbeat.lastBeatAt()).toBe(start);
  time.advance(5_000);
  await time.settle();
  expect(heartbeat.lastBeatAt()).toBe(start + 10_000);
  await heartbeat[Symbol.asyncDispose]();
  const beat = ["n1", "http://127.0.0.1:1"];
  expect(calls).toEqual([beat, beat, beat, "n1 leaves"]);
});

test("heartbeat: a replaced lock is reported once; a store that cannot be left is no failure", async () => {
  const time = createFakeTime();
  const lost: string[] = [];
  let held = true;
  const heartbeat = startHeartbeat(
    {
      leases: { heartbeat: async () => {}, leave: () => Promise.reject(new Error("gone")) },
      leadership: { stillHeld: () => held },
      onLost: (reason) => void lost.push(reason),
      ...time,
      log: silentLog,
    },
    { nodeId: "n1", everyMs: 5_000 },
    never,
  );
  await time.settle();
  held = false;
  for (let beats = 0; beats < 3; beats += 1) {
    time.advance(5_000);
    await time.settle();
  }
  expect(lost).toEqual(["lock_replaced"]);
  await heartbeat[Symbol.asyncDispose]();
});

test("node id: names the process and is new with every start", () => {
  expect(newNodeId()).toContain(`-${process.pid}-`);
  expect(newNodeId()).not.toBe(newNodeId());
});
