import { expect, test } from "vitest";
import { type PlacementOptions, startPlacement } from "#cluster/placement.ts";
import { startRebalance } from "#cluster/rebalance.ts";
import { preferredNode } from "#cluster/rendezvous.ts";
import { silentLog } from "#lib/log.ts";
import { createFakeTime, type FakeTime } from "../support/fake-time.ts";

const never = new AbortController().signal;
const ids = Array.from({ length: 600 }, (_, at) => `instance-${at}`);
const options = { everyMs: 5_000, deadAfterMs: 20_000, settleMs: 30_000 };

test("rendezvous: shares are fair, and a node that goes moves only its own", () => {
  const nodes = ["n1", "n2", "n3"];
  const before = new Map(ids.map((id) => [id, preferredNode(id, nodes)]));
  for (const node of nodes) {
    const share = [...before.values()].filter((owner) => owner === node).length;
    expect(share).toBeGreaterThan(150);
    expect(share).toBeLessThan(250);
  }
  for (const [id, owner] of before) {
    const after = preferredNode(id, ["n1", "n3"]);
    if (owner !== "n2") expect(after).toBe(owner);
  }
  expect(preferredNode("any", [])).toBeUndefined();
});

/** Heartbeats under a test's control. */
function openNodes(time: FakeTime) {
  const seen = new Map<string, number>();
  let broken = false;
  return {
    leases: {
      nodes: async () => {
        if (broken) throw new Error("no database");
        return [...seen].map(([nodeId, seenAt]) => ({ nodeId, seenAt }));
      },
    },
    beat: (...nodeIds: readonly string[]) => {
      for (const nodeId of nodeIds) seen.set(nodeId, time.clock.now());
    },
    breakDown: (value: boolean) => (broken = value),
    /** Lives on for `ms` with these nodes beating. */
    live: async (ms: number, ...nodeIds: readonly string[]) => {
      for (let passed = 0; passed < ms; passed += 5_000) {
        for (const nodeId of nodeIds) seen.set(nodeId, time.clock.now());
        time.advance(5_000);
        await time.settle();
      }
    },
  };
}

test("placement: a new node counts after it has settled, a dead one stops counting, a broken store changes nothing", async () => {
  const time = createFakeTime();
  const nodes = openNodes(time);
  nodes.beat("n1", "n2");
  const own: PlacementOptions = { nodeId: "n1", ...options };
  await using placement = startPlacement({ leases: nodes.leases, ...time, log: silentLog }, own, never);
  expect(placement.owns("any")).toBe(false);
  await time.settle();
  expect(placement.nodes()).toEqual(["n1", "n2"]);
  expect(ids.filter(placement.owns)).toEqual(ids.filter((id) => preferredNode(id, ["n1", "n2"]) === "n1"));

  await nodes.live(25_000, "n1", "n2", "n3");
  expect(placement.nodes()).toEqual(["n1", "n2"]);
  await nodes.live(15_000, "n1", "n2", "n3");
  expect(placement.nodes()).toEqual(["n1", "n2", "n3"]);

  nodes.breakDown(true);
  await nodes.live(30_000, "n1");
  expect(placement.nodes()).toEqual(["n1", "n2", "n3"]);
  nodes.breakDown(false);
  await nodes.live(5_000, "n1");
  expect(placement.nodes()).toEqual(["n1"]);
  expect(ids.every(placement.owns)).toBe(true);
});

test("rebalance: foreign sessions go one by one after a steady while; a failing one is tried again", async () => {
  const time = createFakeTime();
  const owned = new Set(["mine", "foreign-1", "foreign-2"]);
  const handed: { readonly id: string; readonly at: number }[] = [];
  const start = time.clock.now();
  let members = ["n1"];
  let failures = 1;
  await using _rebalance = startRebalance(
    {
      placement: { owns: (id) => id === "mine", nodes: () => members },
      sessions: {
        owned: () => [...owned],
        handOver: async (id) => {
          if (id === "foreign-2" && failures > 0) {
            failures -= 1;
            throw new Error("busy");
          }
          owned.delete(id);
          handed.push({ id, at: time.clock.now() - start });
        },
      },
      ...time,
      log: silentLog,
    },
    { everyMs: 10_000, steadyMs: 60_000, pauseMs: 1_000 },
    never,
  );
  const pass = async (seconds: number) => {
    for (let second = 0; second < seconds; second += 1) {
      time.advance(1_000);
      await time.settle(5);
    }
  };
  await pass(100);
  expect(handed).toEqual([]);
  members = ["n1", "n2"];
  await pass(55);
  expect(handed).toEqual([]);
  await pass(20);
  expect(handed.map(({ id }) => id)).toEqual(["foreign-1"]);
  await pass(90);
  expect(handed.map(({ id }) => id)).toEqual(["foreign-1", "foreign-2"]);
  expect([...owned]).toEqual(["mine"]);
});
