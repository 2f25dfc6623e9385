import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { watchDatabases } from "../store/database-watch.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { type EngineRig, openEngineRig } from "./engine-rig.ts";

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await openTestSandbox();
});

afterAll(() => sandbox[Symbol.asyncDispose]());

const wait = { timeout: 40_000, interval: 20 };
const texts = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => `out ${from + n}`);

/** A rig whose disk can be filled and emptied. */
async function openOnSmallDisk(): Promise<EngineRig & { readonly full: () => void; readonly room: () => void }> {
  using watch = watchDatabases();
  const rig = await openEngineRig(sandbox);
  const db = [...watch.databases].find(({ name }) => name === rig.path)!;
  return Object.assign(rig, {
    full: () => void db.pragma(`max_page_count = ${db.pragma("page_count", { simple: true }) as number}`),
    room: () => void db.pragma("max_page_count = 1000000"),
  });
}

/** Everything came to its end: nothing waits in the queue, in the lanes or in the journal. */
async function atRest(rig: EngineRig): Promise<void> {
  const { instanceId } = rig;
  await expect
    .poll(async () => await rig.inner.queue.count({ instanceId, states: ["queued", "sending"] }), wait)
    .toBe(0);
  await expect.poll(async () => await rig.inner.deliveries.count({ instanceId, state: "pending" }), wait).toBe(0);
  await expect
    .poll(async () => (await rig.inner.authState.pendingJournal({ instanceId, limit: 10 })).length, wait)
    .toBe(0);
  expect(await rig.inner.deliveries.count({ instanceId, state: "dead" })).toBe(0);
}

const shown = async (rig: EngineRig) => (await rig.inbox()).map(({ messageId }) => messageId);

describe("a full disk", () => {
  it("what arrives waits at WhatsApp; with room again it comes, once and in order", async () => {
    await using rig = await openOnSmallDisk();
    const before = await rig.receive("before {n}", 5);
    await expect.poll(rig.delivered, wait).toEqual(before);
    rig.full();
    const during = await rig.receive("during {n}", 60);
    await expect.poll(() => rig.logged.some(({ message }) => message === "signal state not stored"), wait).toBe(true);
    expect(await rig.inner.check().then(String, ({ code }: { code: string }) => code)).toBe("storage");
    rig.room();
    const after = await rig.receive("after {n}", 5);
    await expect.poll(() => new Set(rig.delivered()).size, wait).toBe(70);
    // Outcomes that could not be written were kept and written later: no event was sent twice.
    expect(rig.delivered()).toEqual([...before, ...during, ...after]);
    await atRest(rig);
  });

  it("what was accepted is sent once, in order; what could not be stored is refused", async () => {
    await using rig = await openOnSmallDisk();
    const ids = [...(await rig.send(texts(1, 10)))];
    rig.full();
    let refused = 0;
    for (const text of texts(11, 60)) {
      try {
        ids.push(...(await rig.send([text])));
      } catch (error) {
        expect(error).toMatchObject({ code: "storage" });
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(0);
    rig.room();
    ids.push(...(await rig.send(texts(61, 65))));
    await atRest(rig);
    await expect.poll(() => shown(rig), wait).toEqual(ids);
    expect(await rig.inner.queue.count({ instanceId: rig.instanceId, states: ["failed"] })).toBe(0);
  });
});

describe("a database that another process has locked", () => {
  it("for a while, again and again: nothing lost, nothing doubled, both ways", async () => {
    await using rig = await openEngineRig(sandbox);
    const sent: string[] = [];
    const received: string[] = [];
    using other = openOther(rig.path);
    for (let round = 0; round < 3; round += 1) {
      other.lock();
      const accepting = rig.send(texts(round * 10 + 1, round * 10 + 10));
      received.push(...(await rig.receive(`in {n} of ${round}`, 10)));
      await new Promise((resolve) => setTimeout(resolve, 150));
      other.unlock();
      sent.push(...(await accepting));
    }
    await expect.poll(() => shown(rig), wait).toEqual(sent);
    await expect.poll(() => new Set(rig.delivered()).size, wait).toBe(received.length);
    expect(rig.delivered()).toEqual(received);
    await atRest(rig);
  });

  it("for longer than a write waits: the session stops, and goes on when the lock is gone", async () => {
    await using rig = await openEngineRig(sandbox);
    using other = openOther(rig.path);
    other.lock();
    const received = await rig.receive("in {n}", 5);
    await expect.poll(() => rig.logged.some(({ message }) => message === "signal state not stored"), wait).toBe(true);
    await expect(rig.send(["refused"])).rejects.toMatchObject({ code: "storage" });
    other.unlock();
    await expect.poll(() => new Set(rig.delivered()).size, wait).toBe(5);
    expect(rig.delivered()).toEqual(received);
    await atRest(rig);
  });
});

/** A second connection, as another process has one. */
function openOther(path: string): { lock: () => void; unlock: () => void } & Disposable {
  const db = new Database(path, { timeout: 0 });
  return {
    lock: () => {
      for (;;) {
        try {
          db.exec("BEGIN IMMEDIATE");
          return;
        } catch {
          // The engine is writing this very moment.
        }
      }
    },
    unlock: () => void db.exec("COMMIT"),
    [Symbol.dispose]: () => db.close(),
  };
}
