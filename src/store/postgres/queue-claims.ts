import { isWazapiError } from "#domain/errors.ts";
import type { ClaimedMessage, QueueStore } from "../queue.ts";
import { appendEvents } from "./append-events.ts";
import type { PostgresContext } from "./context.ts";
import { lockInstance } from "./instance-lock.ts";
import { putMessages, putSteps } from "./put-records.ts";
import type { Queries } from "./queries.ts";
import { lineTurn, lockLine, promote, rearrange, refreshLine } from "./queue-line.ts";
import { queueColumns, type QueueColumns, queuedMessageOf } from "./queue-rows.ts";
import { statements } from "./statement.ts";

/** Rows of one transaction: a line is not locked for long. */
const stepRows = 1_000;

const isFree = "EXISTS (SELECT 1 FROM queue_lines WHERE instance_id = $1 AND lease_until <= $2)";
const mine = "instance_id = $1 AND owner IS NOT NULL AND fencing_token = $2 AND claimed_sequence = $3";

/** Statements of this file, for the test that none scans a table. */
export const queueClaimsSql = statements("queue_claims", {
  withWork: `SELECT instance_id AS "instanceId" FROM queue_lines
    WHERE due_at <= $3 AND lease_until <= $1 ORDER BY due_at LIMIT $2`,
  // Of a line at work only what is scheduled or set aside: the rest is in the hands of whoever works on it.
  nextDueAt: `SELECT least(
      (SELECT min(due_at) FROM queue_lines WHERE due_at IS NOT NULL AND lease_until <= $1),
      (SELECT min(least(
          (SELECT min(scheduled_at) FROM queue WHERE held = 1 AND instance_id = line.instance_id),
          (SELECT min(due_at) FROM queue WHERE held = 2 AND instance_id = line.instance_id)))
        FROM queue_lines AS line WHERE owner IS NOT NULL AND lease_until > $1)) AS "dueAt"`,
  free: "SELECT instance_id FROM queue_lines WHERE instance_id = $1 AND lease_until <= $2 FOR UPDATE",
  // The row is ours already when these run: they only repeat whether the line is free.
  admit: `UPDATE queue SET held = 3 WHERE held = 1 AND instance_id = $1 AND scheduled_at <= $2 AND ${isFree}
    RETURNING chat_id AS "chatId"`,
  wake: `UPDATE queue SET held = 0 WHERE held = 2 AND instance_id = $1 AND due_at <= $2 AND ${isFree}`,
  // Written in what is the future now: the clock was set back.
  wakeSetBack: `UPDATE queue SET held = 0 WHERE held = 2 AND instance_id = $1 AND updated_at > $2 AND ${isFree}`,
  // What is to be sent first: a message that a dead claimer left, since it may have gone out already; else the head.
  head: `SELECT ${queueColumns} FROM queue WHERE sequence = coalesce(
      (SELECT left_over.sequence FROM queue_lines AS line
        JOIN queue AS left_over ON left_over.sequence = line.claimed_sequence AND left_over.state = 'sending'
        WHERE line.instance_id = $1),
      (SELECT sequence FROM queue
        WHERE held = 0 AND instance_id = $1 ORDER BY sequence LIMIT 1))`,
  mark: "UPDATE queue SET state = 'sending', waits_for = NULL, updated_at = $2 WHERE sequence = $1",
  take: `UPDATE queue_lines SET owner = $2, fencing_token = fencing_token + 1, lease_until = $3, claimed_sequence = $4
    WHERE instance_id = $1 RETURNING fencing_token AS "fencingToken"`,
  renew: `UPDATE queue_lines SET lease_until = $4 WHERE ${mine}`,
  release: `UPDATE queue_lines SET owner = NULL, lease_until = 0, claimed_sequence = NULL WHERE ${mine}`,
  retry: `UPDATE queue SET state = 'queued', held = 3, attempts = $2, due_at = $3, last_error = coalesce($4, last_error),
      updated_at = $5, waits_for = $6
    WHERE sequence = $1`,
  letGo: `UPDATE queue SET due_at = $3, updated_at = $3, waits_for = NULL, held = CASE held WHEN 2 THEN 0 ELSE held END
    WHERE sequence = ANY(ARRAY(SELECT sequence FROM queue
      WHERE waits_for = $2 AND instance_id = $1 AND chat_id = coalesce($4, chat_id) ORDER BY sequence LIMIT ${stepRows}))`,
  settle: `UPDATE queue SET state = $2, held = NULL, last_error = coalesce($3, last_error), updated_at = $4 WHERE sequence = $1`,
});

/** Claims on the lines of the queue: who sends for an instance, and what became of the message. */
export function createQueueClaims(
  context: PostgresContext,
): Pick<QueueStore, "instancesWithWork" | "nextDueAt" | "claim" | "renew" | "retry" | "release" | "settle"> {
  const { db, clock } = context;

  return {
    instancesWithWork: async ({ now, dueBy = now, limit }) => {
      const rows = await db.rows<{ instanceId: string }>(queueClaimsSql.withWork, [now, limit, dueBy]);
      return rows.map(({ instanceId }) => instanceId);
    },
    nextDueAt: async ({ now }) => {
      const [row] = await db.rows<{ dueAt: number | null }>(queueClaimsSql.nextDueAt, [now]);
      return row?.dueAt ?? undefined;
    },
    claim: ({ instanceId, owner, leaseMs, now }) =>
      // One asked for right behind a settlement sees it.
      db.inTurn(lineTurn(instanceId), async (tx) => {
        const [free, admitted, woken, wokenToo, [head]] = await Promise.all([
          tx.rows(queueClaimsSql.free, [instanceId, now]),
          tx.rows<{ chatId: string }>(queueClaimsSql.admit, [instanceId, now]),
          tx.run(queueClaimsSql.wake, [instanceId, now]),
          tx.run(queueClaimsSql.wakeSetBack, [instanceId, now]),
          tx.rows<QueueColumns>(queueClaimsSql.head, [instanceId]),
        ]);
        if (free.length === 0) return tx.undo(undefined);
        const chats = [...new Set(admitted.map(({ chatId }) => chatId))];
        const first = chats.length === 0 ? head : await headAmong(tx, { instanceId, chats, now });
        if (chats.length + woken + wokenToo > 0) await refreshLine(tx, instanceId);
        if (first === undefined) return undefined;
        return await take(tx, first, { owner, leaseUntil: now + leaseMs, now, storedAt: clock.now() });
      }),
    renew: async ({ claim, leaseMs, now }) =>
      (await db.run(queueClaimsSql.renew, [...keyOf(claim), now + leaseMs])) === 1,
    retry: ({ claim, attempts, dueAt, waitsFor = null, error, now }) =>
      db.inTurn(lineTurn(claim.instanceId), async (tx) => {
        const [released] = await Promise.all([
          tx.run(queueClaimsSql.release, keyOf(claim)),
          tx.run(queueClaimsSql.retry, [claim.sequence, attempts, dueAt, error ?? null, now, waitsFor]),
          promote(tx, { instanceId: claim.instanceId, chats: [claim.chatId], now }),
          refreshLine(tx, claim.instanceId),
        ]);
        return released === 1 ? true : tx.undo(false);
      }),
    release: async ({ instanceId, waitsFor, chatId = null, now }) => {
      for (let total = 0; ;) {
        const changed = await db.inTurn(lineTurn(instanceId), async (tx) => {
          const [, count] = await Promise.all([
            lockLine(tx, instanceId),
            tx.run(queueClaimsSql.letGo, [instanceId, waitsFor, now, chatId]),
            refreshLine(tx, instanceId),
          ]);
          return count;
        });
        total += changed;
        if (changed < stepRows) return total;
      }
    },
    settle: (input) =>
      db.inTurn(lineTurn(input.claim.instanceId), async (tx) => {
        try {
          return (await settle(tx, input, clock.now())) ? true : tx.undo(false);
        } catch (error) {
          // The claim went with its instance.
          if (isWazapiError(error, "instance_not_found")) return tx.undo(false);
          throw error;
        }
      }),
  };
}

/** Whether the claim was ours; where it was not, what was written must be undone. */
async function settle(
  tx: Queries,
  { claim, outcome, error, stored, events, now }: Parameters<QueueStore["settle"]>[0],
  storedAt: number,
): Promise<boolean> {
  const { instanceId, sequence } = claim;
  const step = { ...aboutOf(claim), status: outcome, at: now, ...(error === undefined ? {} : { detail: error }) };
  const [, released] = await Promise.all([
    lockInstance(tx, instanceId),
    tx.run(queueClaimsSql.release, keyOf(claim)),
    tx.run(queueClaimsSql.settle, [sequence, outcome, error ?? null, now]),
    promote(tx, { instanceId, chats: [claim.chatId], now }),
    refreshLine(tx, instanceId),
    putSteps(tx, { instanceId, steps: [step], storedAt }),
    putMessages(tx, stored === undefined ? [] : [stored], storedAt),
    appendEvents(tx, { instanceId, events, now }),
  ]);
  return released === 1;
}

/** The head of the line once these chats, into which messages came, have their heads. */
async function headAmong(
  tx: Queries,
  input: { readonly instanceId: string; readonly chats: readonly string[]; readonly now: number },
): Promise<QueueColumns | undefined> {
  const [, [head]] = await Promise.all([
    rearrange(tx, input),
    tx.rows<QueueColumns>(queueClaimsSql.head, [input.instanceId]),
  ]);
  return head;
}

async function take(
  tx: Queries,
  first: QueueColumns,
  input: { readonly owner: string; readonly leaseUntil: number; readonly now: number; readonly storedAt: number },
): Promise<ClaimedMessage | undefined> {
  const { owner, leaseUntil, now, storedAt } = input;
  const { instanceId, sequence } = first;
  const message = queuedMessageOf({ ...first, state: "sending", waitsFor: null, updatedAt: now });
  const [, [claim]] = await Promise.all([
    tx.run(queueClaimsSql.mark, [sequence, now]),
    tx.rows<{ fencingToken: number }>(queueClaimsSql.take, [instanceId, owner, leaseUntil, sequence]),
    putSteps(tx, { instanceId, steps: [{ ...aboutOf(message), status: "sending", at: now }], storedAt }),
  ]);
  return claim && { ...message, fencingToken: claim.fencingToken };
}

function keyOf({ instanceId, sequence, fencingToken }: ClaimedMessage): readonly [string, number, number] {
  return [instanceId, fencingToken, sequence];
}

function aboutOf({ messageId, outgoing }: Pick<ClaimedMessage, "messageId" | "outgoing">) {
  return { messageId, chatId: outgoing.to };
}
