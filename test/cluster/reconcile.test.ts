import { expect, test } from "vitest";
import { defaultReconcileOptions, type ReconcileDeps, startReconcile } from "#cluster/reconcile.ts";
import { WazapiError } from "#domain/errors.ts";
import type { Connection, Instance } from "#domain/instance.ts";
import { silentLog } from "#lib/log.ts";
import { createFakeTime } from "../support/fake-time.ts";
import { instanceOf } from "../queue/support.ts";

const never = new AbortController().signal;

interface Case {
  readonly id: string;
  readonly connection?: Partial<Connection>;
  readonly owned?: boolean;
  readonly journal?: number;
  readonly startFails?: Error;
  /** Chats that the phone is asked about. */
  readonly gaps?: number;
}

function openRig(cases: readonly Case[], more: Partial<ReconcileDeps> = {}) {
  const time = createFakeTime();
  const calls: string[] = [];
  const found: string[] = [];
  const instances: Instance[] = cases.map(({ id, connection }) => {
    const instance = instanceOf(id);
    return { ...instance, connection: { ...instance.connection, at: time.clock.now(), ...connection } };
  });
  const caseOf = (id: string): Case => cases.find((each) => each.id === id)!;
  const deps: ReconcileDeps = {
    instances: {
      list: async ({ offset, limit }) => ({
        instances: instances.slice(offset, offset + limit),
        total: instances.length,
      }),
    },
    sessions: {
      view: async (id) => ({
        connection: instances.find((each) => each.id === id)!.connection,
        owned: caseOf(id).owned ?? true,
      }),
      start: async (id) => {
        const { startFails } = caseOf(id);
        if (startFails !== undefined) throw startFails;
        calls.push(`start ${id}`);
      },
      restart: async (id) => void calls.push(`restart ${id}`),
      replayJournal: async ({ instanceId }) => caseOf(instanceId).journal ?? 0,
      closeHistoryGaps: async (instanceId) => caseOf(instanceId).gaps ?? 0,
    },
    found: (finding, count) => void found.push(`${finding} ${count}`),
    ...time,
    log: silentLog,
    ...more,
  };
  return {
    time,
    calls,
    found,
    reconcile: startReconcile(deps, { ...defaultReconcileOptions, firstAfterMs: 0 }, never),
  };
}

test("reconcile: the first round runs at once and heals what it finds", async () => {
  const rig = openRig([
    { id: "fine" },
    { id: "alone", owned: false },
    { id: "silent", connection: { at: 0 } },
    { id: "journal", journal: 3 },
    { id: "history", gaps: 2 },
    { id: "unpaired", connection: { state: "unpaired" }, owned: false },
  ]);
  await using reconcile = rig.reconcile;
  await rig.time.until(() => reconcile.last() !== undefined);
  expect(rig.calls).toEqual(["start alone", "restart silent"]);
  expect(reconcile.last()?.findings).toEqual({ missing: 1, silent: 1, journal: 3, history: 2 });
  expect(rig.found).toEqual(["missing 1", "silent 1", "journal 3", "history 2"]);
});

test("reconcile: looks again after its interval, and at once when asked", async () => {
  const rig = openRig([{ id: "alone", owned: false }]);
  await using reconcile = rig.reconcile;
  await rig.time.settle();
  expect(rig.calls).toHaveLength(1);
  expect(await reconcile.request()).toEqual({ missing: 1 });
  expect(rig.calls).toHaveLength(2);
  rig.time.advance(defaultReconcileOptions.everyMs);
  await rig.time.settle();
  expect(rig.calls).toHaveLength(3);
});

test("reconcile: one instance that fails keeps nobody else from being healed", async () => {
  const rig = openRig([
    { id: "broken", owned: false, startFails: new Error("broken") },
    { id: "elsewhere", owned: false, startFails: new WazapiError("lease_lost") },
    { id: "alone", owned: false },
  ]);
  await using reconcile = rig.reconcile;
  await rig.time.until(() => reconcile.last() !== undefined);
  expect(rig.calls).toEqual(["start alone"]);
  expect(reconcile.last()?.findings).toEqual({ missing: 3, failed: 1 });
});

test("reconcile: every page of instances is seen, foreign ones are left alone", async () => {
  const cases = Array.from({ length: 205 }, (_, at) => ({ id: `i${at}`, owned: false }));
  const rig = openRig(cases, { owns: (id) => id !== "i7", releaseExpired: async () => 2 });
  await using reconcile = rig.reconcile;
  await rig.time.until(() => reconcile.last() !== undefined);
  expect(rig.calls).toHaveLength(204);
  expect(reconcile.last()?.findings).toEqual({ claims: 2, missing: 204 });
});

test("reconcile: a store that cannot be read fails the round, not the worker; disposing ends it", async () => {
  let broken = true;
  const rig = openRig([{ id: "alone", owned: false }], {
    releaseExpired: async () => {
      if (broken) throw new Error("disk full");
      return 0;
    },
  });
  expect(await rig.reconcile.request()).toEqual({ failed: 1 });
  broken = false;
  expect(await rig.reconcile.request()).toEqual({ missing: 1 });
  await rig.reconcile[Symbol.asyncDispose]();
  expect(await rig.reconcile.request()).toEqual({});
});
