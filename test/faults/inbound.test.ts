import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WazapiError } from "#domain/errors.ts";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { seededRandom } from "../support/random.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { type EngineRig, openEngineRig } from "./engine-rig.ts";
import { long } from "./scale.ts";

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await openTestSandbox();
});

afterAll(() => sandbox[Symbol.asyncDispose]());

const wait = { timeout: 30_000, interval: 10 };

/** Every id arrived once, in this order. */
async function arrived(rig: EngineRig, ids: readonly string[]): Promise<void> {
  await expect.poll(() => new Set(rig.delivered()).size, wait).toBe(ids.length);
  expect(rig.delivered()).toEqual(ids);
}

/** What webhooks took never steps back (what no slot wants leaves gaps), and comes once. */
function expectRising(rig: EngineRig): void {
  const sequences = rig.receiver.taken.map(({ sequence }) => sequence);
  expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b));
}

describe("what WhatsApp delivers twice", () => {
  it("the same message id again, in a fresh ciphertext: one event, one webhook", async () => {
    await using rig = await openEngineRig(sandbox);
    const messageId = "3A00000000000000000001";
    const again = () =>
      sandbox.control.contactSend(
        { number: rig.contact, to: rig.number, content: { text: "twice" }, messageId },
        rig.signal,
      );
    await again();
    await again();
    const [last] = await rig.receive("behind it");
    await arrived(rig, [messageId, last!]);
    expectRising(rig);
  });

  it("a whole backlog, because the connection broke before the receipts left: no second event, order kept", async () => {
    await using rig = await openEngineRig(sandbox);
    const random = seededRandom(3);
    let cuts = 3;
    rig.faults.before(async (method, input) => {
      const { journal } = input as { journal?: unknown };
      if (method !== "authState.commit" || journal === undefined || random() > 0.2 || cuts === 0) return;
      cuts -= 1;
      await sandbox.control.addFault({ type: "tcp-drop", match: { number: rig.number } });
    });
    const ids = await rig.receive("n{n}", 120);
    await arrived(rig, ids);
    expectRising(rig);
  });
});

describe("commits that fail at random", () => {
  it("ratchet, journal and outbox: everything arrives once, in order", async () => {
    await using rig = await openEngineRig(sandbox);
    const random = seededRandom(5);
    let failures = 0;
    rig.faults.before((method) => {
      const hit = ["authState.commit", "events.persist", "deliveries.settle", "deliveries.pending"].includes(method);
      if (!hit || failures >= 60 || random() > 0.3) return;
      failures += 1;
      throw new WazapiError("storage", { message: "the database cannot be written: the disk is full" });
    });
    const ids = await rig.receive("n{n}", 100);
    await expect.poll(() => new Set(rig.delivered()).size, wait).toBe(ids.length);
    rig.faults.before(() => {});
    // A POST whose outcome could not be written is not made again by the same process, and a failure of ours is not
    // told as a message that waits for its content.
    expect(rig.delivered()).toEqual(ids);
    expect(rig.receiver.taken.filter(({ body }) => body.includes('"waitingMessage":true'))).toEqual([]);
    expect(failures).toBeGreaterThan(5);
  });
});

describe("receipts in the wrong order", () => {
  it("read before delivered, delivered again, played at last: the ledger only rises", async () => {
    await using rig = await openEngineRig(sandbox);
    await sandbox.control.behaviour({ autoDeliver: false });
    const [messageId] = await rig.send(["hello"]);
    const trace = async () => await rig.inner.messages.trace({ instanceId: rig.instanceId, messageId: messageId! });
    await expect.poll(async () => (await trace())?.status, wait).toBe("sent");
    const seen: string[] = [];
    const steps = [
      ["read", 4],
      ["delivered", 5],
      ["delivered", 5],
      ["played", 6],
      ["read", 6],
    ] as const;
    for (const [type, count] of steps) {
      await sandbox.control.receipt({ number: rig.contact, messageIds: [messageId!], type });
      await expect.poll(async () => (await trace())?.steps.length, wait).toBeGreaterThanOrEqual(count);
      seen.push((await trace())!.status);
    }
    expect(seen).toEqual(["read", "read", "read", "played", "played"]);
    await sandbox.control.behaviour({ autoDeliver: true });
  });
});

/** `FAULTS=long npm test -- test/faults` takes the number that is promised. */
const backlog = long ? 10_000 : 300;

describe("an offline backlog", () => {
  it(`of ${backlog} messages, cut off twice, goes through in order, and never more than the buffer is held`, async () => {
    await using rig = await openEngineRig(sandbox);
    await rig.engine().http.sessions.stop(rig.instanceId);
    const ids = await rig.receive("n{n}", backlog);
    const most = { buffered: 0, held: 0, journal: 0 };
    const cuts = [backlog / 3, (2 * backlog) / 3];
    let journaled = 0;
    let looks = 0;
    rig.faults.before(async (method, input) => {
      if (method === "authState.commit" && (input as { journal?: unknown }).journal !== undefined) {
        journaled += 1;
        if (cuts.length === 0 || journaled < cuts[0]!) return;
        cuts.shift();
        await sandbox.control.addFault({ type: "tcp-drop", match: { number: rig.number } });
      }
      // A look costs more than a commit.
      if (method !== "events.persist" || (looks += 1) % 10 > 0) return;
      const stats = rig.engine().stats();
      most.buffered = Math.max(most.buffered, stats.buffered);
      most.held = Math.max(most.held, stats.held);
      const journal = await rig.inner.authState.pendingJournal({ instanceId: rig.instanceId, limit: 2_000 });
      most.journal = Math.max(most.journal, journal.length);
    });
    await rig.engine().http.sessions.start(rig.instanceId);
    await expect.poll(() => new Set(rig.delivered()).size, { timeout: 280_000, interval: 20 }).toBe(ids.length);
    expect(rig.delivered()).toEqual(ids);
    expectRising(rig);
    expect(cuts).toEqual([]);
    // A full buffer stops the reading; what was read already (a batch of WhatsApp's) still comes.
    expect(most.buffered).toBeLessThanOrEqual(1_100);
    expect(most.journal).toBeLessThanOrEqual(1_400);
    expect(most.held).toBeLessThanOrEqual(200);
  }, 300_000);
});
