import * as fc from "fast-check";
import { expect, test } from "vitest";
import { afterMove, isFinal, queueMoves, type QueueMove } from "#queue/state.ts";
import type { ClaimedMessage, QueuedMessage, QueueState, QueueStore } from "#store/queue.ts";
import { createModelQueue, type ModelQueue } from "./model-queue.ts";
import { openQueueStore } from "./store.ts";
import { one, text, two } from "./support.ts";

const states = Object.keys(queueMoves) as QueueState[];
const instances = [one, two];
const start = 1_700_000_000_000;
const leaseMs = 10_000;

test("states: what is final has no way out but an operator's requeue", () => {
  const moves: QueueMove[] = ["claim", "retry", "sent", "failed", "cancel", "requeue"];
  for (const state of states.filter(isFinal)) {
    expect(moves.filter((move) => afterMove(state, move) !== undefined)).toEqual(state === "failed" ? ["requeue"] : []);
  }
});

/** The real queue and the model, given the same commands at the same time. */
interface World {
  readonly real: QueueStore;
  readonly model: ModelQueue;
  now: number;
  enqueued: number;
  readonly ids: { readonly instanceId: string; readonly zaapId: string }[];
  readonly claims: { readonly real: ClaimedMessage; readonly model: ClaimedMessage }[];
}

type Command = (world: World) => Promise<void>;

async function both<T>(world: World, call: (queue: QueueStore) => Promise<T>): Promise<{ real: T; model: T }> {
  const real = await call(world.real);
  const model = await call(world.model);
  return { real, model };
}

const pick = <T>(list: readonly T[], at: number): T | undefined => list[at % Math.max(1, list.length)];

const commands = {
  enqueue:
    (which: number, scheduledInMs: number, chat: string): Command =>
    async (world) => {
      world.enqueued += 1;
      const instanceId = pick(instances, which)!;
      const zaapId = `Z${world.enqueued}`;
      const scheduledAt = scheduledInMs === 0 ? undefined : world.now + scheduledInMs;
      world.ids.push({ instanceId, zaapId });
      const { real, model } = await both(world, (queue) =>
        queue.enqueue({
          message: {
            zaapId,
            instanceId,
            messageId: `3EB0${world.enqueued}`,
            outgoing: text(`m${world.enqueued}`, `${chat}@s.whatsapp.net`),
            dueAt: scheduledAt ?? world.now,
            ...(scheduledAt === undefined ? {} : { scheduledAt }),
            typingMs: 0,
            createdAt: world.now,
          },
          now: world.now,
        }),
      );
      expect(facts(real.message)).toEqual(facts(model.message));
    },
  claim:
    (which: number): Command =>
    async (world) => {
      const instanceId = pick(instances, which)!;
      const { real, model } = await both(world, (queue) =>
        queue.claim({ instanceId, owner: "n1", leaseMs, now: world.now }),
      );
      expect(real?.zaapId).toBe(model?.zaapId);
      if (real !== undefined && model !== undefined) world.claims.push({ real, model });
    },
  renew:
    (which: number): Command =>
    async (world) => {
      const claim = pick(world.claims, which);
      if (claim === undefined) return;
      const input = { leaseMs, now: world.now };
      expect(await world.real.renew({ claim: claim.real, ...input })).toBe(
        await world.model.renew({ claim: claim.model, ...input }),
      );
    },
  retry:
    (which: number, waitMs: number, isHeld: boolean): Command =>
    async (world) => {
      const claim = pick(world.claims, which);
      if (claim === undefined) return;
      const input = {
        ...(isHeld ? { waitsFor: "restriction" as const } : {}),
        attempts: claim.real.attempts + 1,
        dueAt: world.now + waitMs,
        error: "send_failed: x",
        now: world.now,
      };
      expect(await world.real.retry({ claim: claim.real, ...input })).toBe(
        await world.model.retry({ claim: claim.model, ...input }),
      );
    },
  release:
    (which: number): Command =>
    async (world) => {
      const instanceId = pick(instances, which)!;
      const input = { instanceId, waitsFor: "restriction" as const, now: world.now };
      const { real, model } = await both(world, (queue) => queue.release(input));
      expect(real).toBe(model);
    },
  settle:
    (which: number, outcome: "sent" | "failed"): Command =>
    async (world) => {
      const claim = pick(world.claims, which);
      if (claim === undefined) return;
      const input = { outcome, events: [], now: world.now };
      expect(await world.real.settle({ claim: claim.real, ...input })).toBe(
        await world.model.settle({ claim: claim.model, ...input }),
      );
    },
  cancel:
    (which: number): Command =>
    async (world) => {
      const id = pick(world.ids, which);
      if (id === undefined) return;
      const { real, model } = await both(world, (queue) => queue.cancel({ ...id, now: world.now }));
      expect(real).toBe(model);
    },
  purge:
    (which: number): Command =>
    async (world) => {
      const instanceId = pick(instances, which)!;
      const { real, model } = await both(world, (queue) => queue.purge({ instanceId, now: world.now }));
      expect(real).toBe(model);
    },
  requeue:
    (which: number, all: boolean): Command =>
    async (world) => {
      const id = pick(world.ids, which);
      if (id === undefined) return;
      const input = all ? { instanceId: id.instanceId } : id;
      const { real, model } = await both(world, (queue) => queue.requeueFailed({ ...input, now: world.now }));
      expect(real).toBe(model);
    },
  pass:
    (ms: number): Command =>
    async (world) => {
      world.now += ms;
    },
} as const;

const index = fc.nat(20);
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .tuple(index, fc.constantFrom(0, 0, 0, 5_000), fc.constantFrom("1", "2", "3"))
      .map((input) => commands.enqueue(...input)),
  },
  { weight: 6, arbitrary: index.map(commands.claim) },
  { weight: 1, arbitrary: index.map(commands.renew) },
  {
    weight: 3,
    arbitrary: fc.tuple(index, fc.constantFrom(0, 1_000), fc.boolean()).map((input) => commands.retry(...input)),
  },
  { weight: 1, arbitrary: index.map(commands.release) },
  {
    weight: 4,
    arbitrary: fc.tuple(index, fc.constantFrom("sent", "failed")).map((input) => commands.settle(...input)),
  },
  { weight: 2, arbitrary: index.map(commands.cancel) },
  { weight: 1, arbitrary: index.map(commands.purge) },
  { weight: 2, arbitrary: fc.tuple(index, fc.boolean()).map((input) => commands.requeue(...input)) },
  { weight: 2, arbitrary: fc.constantFrom(500, 5_000, leaseMs + 1).map(commands.pass) },
);

test("states: the store moves messages as the drawing says, whatever happens in whatever order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 60 }), async (script) => {
      await using store = await openQueueStore();
      const world: World = {
        real: store.queue,
        model: createModelQueue(),
        now: start,
        enqueued: 0,
        ids: [],
        claims: [],
      };
      for (const step of script) {
        await step(world);
        for (const instanceId of instances) {
          const { real, model } = await both(world, (queue) => queue.list({ instanceId, states, limit: 100 }));
          expect(real.map(facts)).toEqual(model.map(facts));
          // P4: one message of an instance at most is on its way.
          expect(real.filter((row) => row.state === "sending").length).toBeLessThanOrEqual(1);
        }
      }
    }),
    { numRuns: 60 },
  );
});

/** What both must agree on. */
function facts({ zaapId, messageId, chatId, state, attempts, dueAt, outgoing }: QueuedMessage): object {
  return { zaapId, messageId, chatId, state, attempts, dueAt, outgoing };
}
