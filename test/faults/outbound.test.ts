import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { seededRandom } from "../support/random.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { type EngineRig, openEngineRig } from "./engine-rig.ts";

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await openTestSandbox();
});

afterEach(() => sandbox.control.clearFaults());

afterAll(() => sandbox[Symbol.asyncDispose]());

const wait = { timeout: 30_000, interval: 10 };
const texts = (count: number): string[] => Array.from({ length: count }, (_, n) => `out ${n}`);

/** Ids the contact shows, in order of arrival; a copy under the same id is shown once. */
const shown = async (rig: EngineRig): Promise<readonly string[]> =>
  (await rig.inbox()).map(({ messageId }) => messageId);

/** DeliveryCallbacks that arrived, by message id. */
function outcomes(rig: EngineRig): ReadonlyMap<string, string | undefined> {
  return new Map(
    rig.receiver.taken.flatMap(({ body }) => {
      const { type, messageId, error } = JSON.parse(body) as { type?: string; messageId?: string; error?: string };
      return type === "DeliveryCallback" && messageId !== undefined ? [[messageId, error] as const] : [];
    }),
  );
}

const waiting = (rig: EngineRig): Promise<number> =>
  rig.inner.queue.count({ instanceId: rig.instanceId, states: ["queued", "sending"] });

describe("acks", () => {
  it("that come late hold the line, and nothing is sent again", async () => {
    await using rig = await openEngineRig(sandbox);
    await sandbox.control.addFault({ type: "ack-delay", match: { number: rig.number }, ms: 60, times: 5 });
    const ids = await rig.send(texts(8));
    await expect.poll(() => shown(rig), wait).toEqual(ids);
    await expect.poll(() => waiting(rig), wait).toBe(0);
    expect((await rig.inbox()).map(({ copies }) => copies)).toEqual(ids.map(() => 1));
  });

  it("that never come: sent once more under the same id, shown once, and the order holds", async () => {
    await using rig = await openEngineRig(sandbox, { options: { queue: { ackTimeoutMs: 1_500 } } });
    // Whatever else is slow today, the recipient is known before acks get lost.
    const [first] = await rig.send(["first"]);
    await expect.poll(() => waiting(rig), wait).toBe(0);
    await sandbox.control.addFault({ type: "ack-drop", match: { number: rig.number } });
    const ids = await rig.send(texts(3));
    await expect.poll(() => waiting(rig), wait).toBe(0);
    expect(await shown(rig)).toEqual([first, ...ids]);
    const entry = (await rig.inbox()).find(({ messageId }) => messageId === ids[0]);
    expect(entry?.copies).toBeGreaterThanOrEqual(2);
    await expect.poll(() => outcomes(rig).has(ids[2]!), wait).toBe(true);
    expect(ids.map((id) => outcomes(rig).get(id))).toEqual([undefined, undefined, undefined]);
  });

  it("that refuse: the customer is told, the next one goes; a restriction is waited out", async () => {
    await using rig = await openEngineRig(sandbox);
    await sandbox.control.addFault({ type: "ack-error", match: { number: rig.number }, code: 479 });
    const [refused] = await rig.send(["refused"]);
    await expect.poll(() => outcomes(rig).get(refused!), wait).toEqual(expect.any(String));
    await sandbox.control.addFault({ type: "ack-error", match: { number: rig.number }, code: 429, times: 2 });
    const ids = await rig.send(["too much twice", "behind it"]);
    await expect.poll(() => shown(rig), wait).toEqual(ids);
    await expect.poll(() => outcomes(rig).size, wait).toBe(3);
    expect(outcomes(rig).get(ids[0]!)).toBeUndefined();
  });
});

describe("a question that WhatsApp does not answer", () => {
  it("holds the line until it is given up, and costs no message: nothing had left yet", async () => {
    await using rig = await openEngineRig(sandbox, {
      options: { queue: { ackTimeoutMs: 1_000 }, sessions: { queryTimeoutMs: 2_500 } },
    });
    await sandbox.control.addFault({ type: "iq-timeout", match: { number: rig.number, xmlns: "usync" } });
    const ids = await rig.send(texts(3));
    await expect.poll(() => waiting(rig), wait).toBe(0);
    expect(await shown(rig)).toEqual(ids);
    await expect.poll(() => outcomes(rig).size, wait).toBe(3);
    expect([...outcomes(rig).values()]).toEqual([undefined, undefined, undefined]);
  });
});

describe("a connection that breaks", () => {
  it("in the middle of sends, again and again: nothing lost, nothing shown twice, order kept", async () => {
    await using rig = await openEngineRig(sandbox);
    const random = seededRandom(11);
    let cuts = 6;
    rig.faults.before(async (method) => {
      // Before a claim: while the one before may still be on its way. Before a settlement: right after its ack.
      if (cuts === 0 || !["queue.settle", "authState.commit"].includes(method) || random() > 0.08) return;
      cuts -= 1;
      await sandbox.control.addFault({ type: "tcp-drop", match: { number: rig.number } });
    });
    const ids = await rig.send(texts(60));
    await expect.poll(() => waiting(rig), wait).toBe(0);
    expect(cuts).toBe(0);
    await expect.poll(async () => (await shown(rig)).length, wait).toBe(60);
    expect(await shown(rig)).toEqual(ids);
    await expect.poll(() => outcomes(rig).size, wait).toBe(60);
    const rows = await rig.inner.queue.list({ instanceId: rig.instanceId, states: ["sent"], limit: 100 });
    expect(rows.map(({ attempts }) => attempts)).toEqual(ids.map(() => 0));
  });

  it("both roads at once, with the engine stopped and started in between", async () => {
    await using rig = await openEngineRig(sandbox);
    const sent: string[] = [];
    const received: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      sent.push(...(await rig.send(texts(15).map((text) => `${text} of round ${round}`))));
      received.push(...(await rig.receive(`in {n} of round ${round}`, 15)));
      if (round === 1) await sandbox.control.addFault({ type: "tcp-drop", match: { number: rig.number } });
      else await rig.restart();
    }
    await expect.poll(() => shown(rig), wait).toEqual(sent);
    await expect.poll(() => new Set(rig.delivered()).size, wait).toBe(received.length);
    expect(rig.delivered()).toEqual(received);
  });
});
