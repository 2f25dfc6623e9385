import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type MessageStatus, statusRank } from "#domain/message-status.ts";
import type { ClaimedMessage } from "#store/queue.ts";
import { openTestStore } from "../support/store.ts";
import { instanceOf, one, text } from "./support.ts";

const start = 1_700_000_000_000;
const leaseMs = 1_000;
const receipts = ["delivered", "read", "played"] as const;

/** What happens to a message: in the queue, and by receipts that come in any order, late, twice, or before the ack. */
const step = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("claim", "retry", "sent", "failed", "cancel", "requeue", "die") },
  { weight: 2, arbitrary: fc.constantFrom(...receipts) },
);

test("status: whatever the queue does and receipts say, in whatever order, it never goes down", async () => {
  await using store = await openTestStore();
  await store.instances.create({ instance: instanceOf(one) });
  let turn = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20 }), async (steps) => {
      const messageId = `3EB0${(turn += 1)}`;
      const zaapId = `Z${turn}`;
      const about = { messageId, chatId: "5511999990000@s.whatsapp.net" };
      let now = start + turn;
      const message = {
        zaapId,
        instanceId: one,
        messageId,
        outgoing: text("x"),
        dueAt: now,
        typingMs: 0,
        createdAt: now,
      };
      await store.queue.enqueue({ message, now });
      let claim: ClaimedMessage | undefined;
      let highest = -1;
      const check = async (): Promise<void> => {
        const trace = await store.messages.trace({ instanceId: one, messageId });
        const rank = statusRank(trace!.status);
        expect(rank).toBeGreaterThanOrEqual(highest);
        highest = rank;
        // The status is the highest step, and every step is there once.
        expect(rank).toBe(Math.max(...trace!.steps.map(({ status }) => statusRank(status))));
        const names = trace!.steps.map(({ status, participant = "" }) => `${status} ${participant}`);
        expect(new Set(names).size).toBe(names.length);
      };
      const receipt = async (status: MessageStatus): Promise<void> => {
        // Before, at and after the times of the queue; a second phone of the same person now and then.
        const participant = now % 3 === 0 ? { participant: "5511999990000@s.whatsapp.net" } : {};
        const records = { statuses: [{ ...about, ...participant, status, at: start + (now % 7) }] };
        await store.events.persist({ instanceId: one, events: [], records, now });
      };
      await check();
      for (const each of steps) {
        now += 1;
        switch (each) {
          case "claim":
            claim = (await store.queue.claim({ instanceId: one, owner: "w", leaseMs, now })) ?? claim;
            break;
          case "die":
            now += leaseMs;
            break;
          case "retry":
            if (claim !== undefined) await store.queue.retry({ claim, attempts: 1, dueAt: now, now });
            break;
          case "sent":
          case "failed":
            if (claim !== undefined) await store.queue.settle({ claim, outcome: each, events: [], now });
            break;
          case "cancel":
            await store.queue.cancel({ instanceId: one, zaapId, now });
            break;
          case "requeue":
            await store.queue.requeueFailed({ instanceId: one, zaapId, now });
            break;
          default:
            await receipt(each);
        }
        await check();
      }
      // Out of the way of the next one.
      now += leaseMs;
      const last = await store.queue.claim({ instanceId: one, owner: "w", leaseMs, now });
      if (last !== undefined) await store.queue.settle({ claim: last, outcome: "sent", events: [], now });
      await check();
    }),
    { numRuns: 120 },
  );
});
