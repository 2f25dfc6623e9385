import { array, assert, asyncProperty, boolean, constantFrom, integer, record, uniqueArray } from "fast-check";
import { expect, test } from "vitest";
import type { Outcome } from "#pipeline/outcome.ts";
import { startDispatch } from "#pipeline/dispatch/dispatch.ts";
import { defaultDispatchOptions } from "#pipeline/dispatch/options.ts";
import { silentLog } from "#lib/log.ts";
import type { Delivery } from "#store/deliveries.ts";
import { createFakeTime } from "../support/fake-time.ts";
import { openTestStore } from "../support/store.ts";
import { instanceOf, range, textOf } from "./rig.ts";
import { toNewEvent } from "#pipeline/persist/to-new-event.ts";

const id = "A".repeat(32);

/** What happens around the endpoint, step by step. */
const script = record({
  events: integer({ min: 1, max: 14 }),
  poison: uniqueArray(integer({ min: 1, max: 14 }), { maxLength: 3 }),
  chats: integer({ min: 1, max: 3 }),
  perChat: boolean(),
  // One answer after the other; afterwards all is well.
  answers: array(constantFrom("ok", "500", "refused", "timeout"), { maxLength: 60 }),
  // After so many tries the process dies without a word, again and again.
  crashes: array(integer({ min: 1, max: 25 }), { maxLength: 3 }),
});

test("order: whatever fails and whoever dies, nothing is lost and first deliveries are in sequence", async () => {
  await assert(
    asyncProperty(script, async ({ events, poison, chats, perChat, answers, crashes }) => {
      await using store = await openTestStore();
      const instance = instanceOf(
        id,
        { received: "http://hook.test/" },
        { deliveryOrder: perChat ? "chat" : "instance" },
      );
      await store.instances.create({ instance });
      const chatOf = (n: number): string => `551190000000${n % chats}`;
      const rows = range(1, events).map((n) => toNewEvent(textOf(n, chatOf(n)), instance));
      const time = createFakeTime();
      await store.events.persist({ instanceId: id, events: rows, now: time.clock.now() });

      const first: number[] = [];
      const left = [...answers];
      let tries = 0;
      const deaths = [...crashes];
      let crashAt = deaths.shift() ?? Infinity;
      let dying = Promise.withResolvers<void>();
      const answer = ({ event }: Delivery): Outcome => {
        tries += 1;
        if (tries === crashAt) dying.resolve();
        const attempt = { at: time.clock.now(), durationMs: 1 };
        const word = left.shift() ?? "ok";
        if (word === "refused" || word === "timeout")
          return { kind: "unreachable", attempt: { ...attempt, error: word } };
        const refused = word === "500" || poison.includes(event.sequence);
        if (refused) return { kind: "answered", attempt: { ...attempt, status: 500 } };
        if (!first.includes(event.sequence)) first.push(event.sequence);
        return { kind: "delivered", attempt: { ...attempt, status: 200 } };
      };
      const live = () => {
        const stop = new AbortController();
        const dispatch = startDispatch(
          {
            deliveries: store.deliveries,
            instances: store.instances,
            deliver: async ({ delivery }) => {
              await Promise.resolve();
              return stop.signal.aborted ? { kind: "canceled" } : answer(delivery);
            },
            clock: time.clock,
            sleep: time.sleep,
            random: () => 0.5,
            log: silentLog,
            attempted: () => {},
          },
          { ...defaultDispatchOptions, owner: `p${tries}`, pollMs: 5_000, idleMs: 5_000 },
          stop.signal,
        );
        return { dispatch, stop };
      };
      let process = live();
      const isDone = async (): Promise<boolean> => {
        const pending = await store.deliveries.list({ instanceId: id, state: "pending", limit: 50 });
        // A poison event with nothing behind it waits for company.
        return pending.every(({ event }: Delivery) => poison.includes(event.sequence));
      };
      for (let rounds = 0; rounds < 3_000 && !(await isDone()); rounds += 1) {
        await time.settle(4);
        time.advance(700);
        const died = await Promise.race([dying.promise.then(() => true), Promise.resolve(false)]);
        if (!died) continue;
        // Gone without settling anything that was not written yet.
        process.stop.abort();
        await process.dispatch[Symbol.asyncDispose]();
        crashAt = tries + (deaths.shift() ?? Infinity);
        dying = Promise.withResolvers<void>();
        process = live();
      }
      await process.dispatch[Symbol.asyncDispose]();
      process.stop.abort();

      const groups = perChat ? range(0, chats - 1).map((chat) => first.filter((n) => n % chats === chat)) : [first];
      for (const group of groups) expect(group).toEqual([...group].sort((a, b) => a - b));
      const dead = await store.deliveries.list({ instanceId: id, state: "dead", limit: 50 });
      for (const { event } of dead) expect(first).not.toContain(event.sequence);
      const pending = await store.deliveries.list({ instanceId: id, state: "pending", limit: 50 });
      const seen = [...first, ...[...dead, ...pending].map(({ event }) => event.sequence)];
      expect([...new Set(seen)].sort((a, b) => a - b)).toEqual(range(1, events));
      // Nobody is buried who was never refused for good.
      for (const { attempts } of dead) expect(attempts).toBeGreaterThan(5);
    }),
    { numRuns: 40 },
  );
}, 60_000);
