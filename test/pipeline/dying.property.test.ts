import { array, assert, asyncProperty, boolean, constantFrom, integer, record } from "fast-check";
import { expect, test } from "vitest";
import { silentLog } from "#lib/log.ts";
import { startDispatch } from "#pipeline/dispatch/dispatch.ts";
import { defaultDispatchOptions } from "#pipeline/dispatch/options.ts";
import type { Outcome } from "#pipeline/outcome.ts";
import { toNewEvent } from "#pipeline/persist/to-new-event.ts";
import { dying } from "../faults/dying.ts";
import { createFakeTime } from "../support/fake-time.ts";
import { openTestStore } from "../support/store.ts";
import { instanceOf, range, textOf } from "./rig.ts";

const id = "A".repeat(32);

const script = record({
  events: integer({ min: 1, max: 12 }),
  perChat: boolean(),
  /** One answer after the other; afterwards all is well. */
  answers: array(constantFrom("ok", "ok", "500", "refused"), { maxLength: 30 }),
  /** After so many tries of its own a process is gone without a word, its leases still standing. */
  deaths: array(integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 3 }),
});

test("lanes: processes that die without giving anything back delay the rest by a lease, and neither lose nor overtake", async () => {
  await assert(
    asyncProperty(script, async ({ events, perChat, answers, deaths }) => {
      await using store = await openTestStore();
      const settings = { deliveryOrder: perChat ? ("chat" as const) : ("instance" as const) };
      const instance = instanceOf(id, { received: "http://hook.test/" }, settings);
      await store.instances.create({ instance });
      const chats = perChat ? 2 : 1;
      const rows = range(1, events).map((n) => toNewEvent(textOf(n, `551190000000${n % chats}`), instance));
      const time = createFakeTime();
      await store.events.persist({ instanceId: id, events: rows, now: time.clock.now() });

      // Six refusals of one event may bury it, which is another matter.
      const refusals = answers.map((_, index) => answers.slice(0, index + 1).filter((each) => each === "500").length);
      const left = answers.map((word, index) => (word === "500" && (refusals[index] ?? 0) > 5 ? "refused" : word));
      const fates = [...deaths];
      const taken: number[] = [];
      /** Taken by a process that died before it could write so. */
      const unwritten = new Set<number>();
      const live = () => {
        const deliveries = dying(store.deliveries);
        const fate = fates.shift();
        const mine: number[] = [];
        let tries = 0;
        const dispatch = startDispatch(
          {
            deliveries: deliveries.port,
            instances: store.instances,
            deliver: async ({ delivery: { event } }): Promise<Outcome> => {
              if (deliveries.isDead()) return await new Promise<never>(() => {});
              await Promise.resolve();
              const word = left.shift() ?? "ok";
              if (word === "ok") {
                taken.push(event.sequence);
                mine.push(event.sequence);
                // On its way when the end came.
                if (deliveries.isDead()) unwritten.add(event.sequence);
              }
              tries += 1;
              if (tries === fate) {
                deliveries.die();
                for (const sequence of mine) unwritten.add(sequence);
              }
              const attempt = { at: time.clock.now(), durationMs: 1 };
              if (word === "refused") return { kind: "unreachable", attempt: { ...attempt, error: word } };
              if (word === "500") return { kind: "answered", attempt: { ...attempt, status: 500 } };
              return { kind: "delivered", attempt: { ...attempt, status: 200 } };
            },
            clock: time.clock,
            sleep: time.sleep,
            random: () => 0.5,
            log: silentLog,
            attempted: () => {},
          },
          { ...defaultDispatchOptions, owner: `process ${fates.length}` },
          new AbortController().signal,
        );
        return { deliveries, dispatch };
      };
      let process = live();
      const pending = () => store.deliveries.count({ instanceId: id, state: "pending" });
      for (let rounds = 0; rounds < 3_000 && (await pending()) > 0; rounds += 1) {
        await time.settle(5);
        time.advance(800);
        if (process.deliveries.isDead()) process = live();
      }
      if (!process.deliveries.isDead()) await process.dispatch[Symbol.asyncDispose]();

      expect(await pending()).toBe(0);
      expect(await store.deliveries.count({ instanceId: id, state: "delivered" })).toBe(events);
      const first = [...new Set(taken)];
      const groups = range(0, chats - 1).map((chat) => first.filter((n) => n % chats === chat));
      for (const group of groups) expect(group).toEqual([...group].sort((a, b) => a - b));
      const repeated = taken.filter((sequence, index) => taken.indexOf(sequence) < index);
      expect(repeated.filter((sequence) => !unwritten.has(sequence))).toEqual([]);
    }),
    { numRuns: 25 },
  );
}, 120_000);
