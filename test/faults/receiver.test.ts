import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Sandbox } from "#sandbox/sandbox.ts";
import { seededRandom } from "../support/random.ts";
import { type Behaviour, ok } from "../support/receiver.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { openEngineRig } from "./engine-rig.ts";

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await openTestSandbox();
});

afterAll(() => sandbox[Symbol.asyncDispose]());

const wait = { timeout: 40_000, interval: 20 };

/** Everything an endpoint does wrong. What it took before it went wrong counts as taken: it comes again. */
const wrongs: readonly Behaviour[] = [
  { kind: "status", status: 500 },
  { kind: "status", status: 429, headers: { "retry-after": "0" } },
  { kind: "status", status: 503, headers: { "retry-after": "1" } },
  { kind: "status", status: 302, headers: { location: "http://127.0.0.1:9/" } },
  { kind: "half", status: 502 },
  { kind: "half", status: 200 },
  { kind: "reset" },
  { kind: "hang" },
];

describe("an endpoint that does everything wrong", () => {
  it("gets every event in order, none is buried, and every try is on record", async () => {
    await using rig = await openEngineRig(sandbox, { options: { postTimeoutMs: 1_000 } });
    const random = seededRandom(7);
    const left = new Map<string, number>();
    const first: string[] = [];
    let hangs = 2;
    rig.receiver.behave(({ headers }) => {
      const id = String(headers["webhook-id"]);
      const refusals = left.get(id) ?? Math.floor(random() * 4);
      left.set(id, refusals - 1);
      const wrong = wrongs[Math.floor(random() * wrongs.length)] ?? ok;
      const hangsToo = wrong.kind === "hang" && (hangs -= 1) < 0;
      const behaviour = refusals <= 0 || hangsToo ? ok : wrong;
      const taken = behaviour === ok || (behaviour.kind === "half" && behaviour.status === 200);
      if (taken && !first.includes(id)) first.push(id);
      return behaviour;
    });
    const ids = await rig.receive("n{n}", 60);
    const { instanceId } = rig;
    await expect.poll(async () => await rig.inner.deliveries.count({ instanceId, state: "delivered" }), wait).toBe(60);
    const delivered = await rig.inner.deliveries.list({ instanceId, state: "delivered", limit: 100 });
    const inOrder = delivered.toSorted((a, b) => a.event.sequence - b.event.sequence);
    expect(inOrder.map(({ event }) => event.messageId)).toEqual(ids);
    expect(first).toEqual(inOrder.map(({ event }) => event.eventId));
    const tries = await Promise.all(inOrder.map(({ deliveryId }) => rig.inner.deliveries.attempts({ deliveryId })));
    expect(tries.flat()).toHaveLength(rig.receiver.requests.length);
    expect(new Set(tries.flat().map(({ status, error }) => error ?? status))).toEqual(
      new Set([200, 302, 429, 500, 502, 503, "reset", "timeout"]),
    );
  });

  it("one that is down holds its own slot's events; the other URL of the instance gets its own meanwhile", async () => {
    await using rig = await openEngineRig(sandbox, {
      hooks: (url) => ({ received: "http://127.0.0.1:9/nobody", messageStatus: url, delivery: url }),
    });
    const { instanceId } = rig;
    await rig.receive("n{n}", 30);
    await rig.send(["a", "b", "c"]);
    await expect.poll(() => rig.receiver.taken.length, wait).toBe(6);
    await expect.poll(async () => await rig.inner.deliveries.count({ instanceId, state: "pending" }), wait).toBe(30);
    await rig.inner.instances.setHooks({ instanceId, hooks: { received: rig.receiver.url }, now: Date.now() });
    rig.engine().http.wake.deliveries();
    await expect.poll(() => rig.delivered().length, wait).toBe(30);
    expect(await rig.inner.deliveries.count({ instanceId, state: "dead" })).toBe(0);
  });
});
