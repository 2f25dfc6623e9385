import { array, assert, asyncProperty, constantFrom, integer, oneof, record, constant, boolean } from "fast-check";
import { describe, expect, test } from "vitest";
import type { ClaimedMessage } from "#store/queue.ts";
import { addInstance, range, sharedStore, type StoreAdapter, t0 } from "./adapter.ts";
import { queuedText } from "./queue-tools.ts";

const leaseMs = 1_000;

/** One thing that happens to the line of an instance. */
const step = oneof(
  {
    weight: 4,
    arbitrary: record({
      kind: constant("enqueue"),
      afterMs: constantFrom(0, 0, 0, 700, 3_000),
      chatId: constantFrom("1@s.whatsapp.net", "2@s.whatsapp.net", "3@g.us"),
    }),
  },
  { weight: 5, arbitrary: record({ kind: constant("claim"), worker: integer({ min: 0, max: 2 }) }) },
  { weight: 3, arbitrary: record({ kind: constant("settle"), worker: integer({ min: 0, max: 2 }), fails: boolean() }) },
  {
    weight: 2,
    arbitrary: record({ kind: constant("retry"), worker: integer({ min: 0, max: 2 }), waitMs: constantFrom(0, 500) }),
  },
  { weight: 1, arbitrary: record({ kind: constant("renew"), worker: integer({ min: 0, max: 2 }) }) },
  { weight: 3, arbitrary: record({ kind: constant("wait"), ms: constantFrom(1, 400, 1_000, 2_500) }) },
  { weight: 1, arbitrary: record({ kind: constant("cancel"), which: integer({ min: 0, max: 20 }) }) },
  { weight: 1, arbitrary: record({ kind: constant("requeue") }) },
);

interface Row {
  readonly zaapId: string;
  readonly messageId: string;
  readonly chatId: string;
  readonly scheduledAt: number;
  state: "queued" | "sending" | "sent" | "failed" | "canceled";
  dueAt: number;
  attempts: number;
}

/** The lines of the chats of an instance as the port describes them, in a few sentences of code. */
function createModel() {
  const rows: Row[] = [];
  let held: { readonly row: Row; readonly token: number; until: number } | undefined;
  return {
    rows,
    /**
     * What a claim answers: what a dead claimer left, since it may have gone out already; else the first of the heads that
     * are due.
     */
    next(now: number): Row | undefined {
      if (held !== undefined && held.until > now) return undefined;
      if (held?.row.state === "sending") return held.row;
      const inLine = rows.filter((row) => row.state === "queued" && row.scheduledAt <= now);
      const heads = inLine.filter((row) => inLine.find(({ chatId }) => chatId === row.chatId) === row);
      return heads.find(({ dueAt }) => dueAt <= now);
    },
    take(row: Row, token: number, now: number): void {
      row.state = "sending";
      held = { row, token, until: now + leaseMs };
    },
    holds: (claim: ClaimedMessage): boolean => held?.token === claim.fencingToken && held.row.zaapId === claim.zaapId,
    renew(now: number): void {
      if (held !== undefined) held.until = now + leaseMs;
    },
    free(): void {
      held = undefined;
    },
  };
}

/** Order and fencing of the queue under everything that can go wrong with those who work on it. */
export function queueOrderContract(adapter: StoreAdapter): void {
  describe(`queue order on ${adapter.name}`, () => {
    const store = sharedStore(adapter);

    test("whoever claims, dies, retries or comes late: one at a time, each chat in order, none lost, none twice", async () => {
      await assert(
        asyncProperty(array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
          const instanceId = await addInstance(store());
          const { queue } = store();
          const model = createModel();
          const claims = new Map<number, ClaimedMessage>();
          let now = t0;
          let lastToken = 0;
          const settled: string[] = [];

          const claim = async (worker: number): Promise<ClaimedMessage | undefined> => {
            const row = model.next(now);
            const message = await queue.claim({ instanceId, owner: `w${worker}`, leaseMs, now });
            expect(message?.zaapId).toBe(row?.zaapId);
            if (message === undefined || row === undefined) return undefined;
            // A crash counts no attempt and changes no id.
            expect(message).toMatchObject({ messageId: row.messageId, attempts: row.attempts, state: "sending" });
            expect(message.fencingToken).toBeGreaterThan(lastToken);
            lastToken = message.fencingToken;
            model.take(row, message.fencingToken, now);
            claims.set(worker, message);
            return message;
          };

          const write = async (worker: number, act: (message: ClaimedMessage, row: Row) => Promise<boolean>) => {
            const message = claims.get(worker);
            if (message === undefined) return;
            const row = model.rows.find(({ zaapId }) => zaapId === message.zaapId)!;
            const holds = model.holds(message);
            expect(await act(message, row)).toBe(holds);
          };

          for (const each of steps) {
            if (each.kind === "enqueue") {
              const scheduledAt = now + each.afterMs;
              const schedule = each.afterMs === 0 ? { dueAt: now } : { scheduledAt, dueAt: scheduledAt };
              const { chatId } = each;
              const message = queuedText(instanceId, `${model.rows.length}`, { ...schedule, chatId });
              await queue.enqueue({ message, now });
              const id = { zaapId: message.zaapId, messageId: message.messageId, chatId };
              model.rows.push({ ...id, scheduledAt, state: "queued", dueAt: scheduledAt, attempts: 0 });
            } else if (each.kind === "claim") {
              await claim(each.worker);
            } else if (each.kind === "settle") {
              await write(each.worker, async (message, row) => {
                const outcome = each.fails ? "failed" : "sent";
                const done = await queue.settle({ claim: message, outcome, events: [], now });
                if (done) {
                  row.state = outcome;
                  if (outcome === "sent") settled.push(row.zaapId);
                  model.free();
                }
                return done;
              });
            } else if (each.kind === "retry") {
              await write(each.worker, async (message, row) => {
                const attempts = row.attempts + 1;
                const done = await queue.retry({ claim: message, attempts, dueAt: now + each.waitMs, now });
                if (done) {
                  Object.assign(row, { state: "queued", attempts, dueAt: now + each.waitMs });
                  model.free();
                }
                return done;
              });
            } else if (each.kind === "renew") {
              await write(each.worker, async (message) => {
                const done = await queue.renew({ claim: message, leaseMs, now });
                if (done) model.renew(now);
                return done;
              });
            } else if (each.kind === "wait") {
              now += each.ms;
            } else if (each.kind === "cancel") {
              const row = model.rows[each.which];
              if (row === undefined) continue;
              const expected = row.state === "queued" ? "canceled" : row.state === "sending" ? "sending" : "gone";
              expect(await queue.cancel({ instanceId, zaapId: row.zaapId, now })).toBe(expected);
              if (expected === "canceled") row.state = "canceled";
            } else {
              const failed = model.rows.filter(({ state }) => state === "failed");
              expect(await queue.requeueFailed({ instanceId, now })).toBe(failed.length);
              for (const row of failed) Object.assign(row, { state: "queued", attempts: 0, dueAt: now });
            }
          }

          // Whoever was at work is dead now; somebody else finishes.
          for (const _ of range(1, 2 * model.rows.length + 2)) {
            now += 5_000;
            const message = await claim(9);
            if (message === undefined) continue;
            expect(await queue.settle({ claim: message, outcome: "sent", events: [], now })).toBe(true);
            model.rows.find(({ zaapId }) => zaapId === message.zaapId)!.state = "sent";
            settled.push(message.zaapId);
            model.free();
          }
          expect(settled.toSorted()).toEqual(
            model.rows
              .filter(({ state }) => state === "sent")
              .map(({ zaapId }) => zaapId)
              .toSorted(),
          );
          expect(await queue.count({ instanceId, states: ["queued", "sending"] })).toBe(0);
          for (const { zaapId, state } of model.rows) {
            expect((await queue.get({ instanceId, zaapId }))?.state).toBe(state);
          }
          expect(await queue.instancesWithWork({ now, limit: 10_000 })).not.toContain(instanceId);
        }),
        { numRuns: 60 },
      );
    });
  });
}
