import type { ClaimedMessage, QueueStore } from "../queue.ts";
import { createAppendEvents } from "./append-events.ts";
import type { SqliteContext } from "./context.ts";
import { createPutRecords } from "./put-records.ts";
import { createQueueLine } from "./queue-line.ts";
import { queueColumns, type QueueColumns, queuedMessageOf } from "./queue-rows.ts";

/** Rows of one transaction: short enough that others hardly wait. */
const stepRows = 1_000;

const mine = `instance_id = +@instanceId AND owner IS NOT NULL AND fencing_token = +@fencingToken
  AND claimed_sequence = +@sequence`;

/** SQL of this file, for the test that no statement scans a table. */
export const queueClaimsSql = {
  withWork: `SELECT instance_id AS "instanceId" FROM queue_lines
    WHERE due_at <= +@dueBy AND lease_until <= +@now ORDER BY due_at LIMIT +@limit`,
  // Of a line at work only what is scheduled or set aside: the rest is in the hands of whoever works on it.
  nextDueAt: `SELECT min("dueAt") AS "dueAt" FROM (
    SELECT min(due_at) AS "dueAt" FROM queue_lines WHERE due_at IS NOT NULL AND lease_until <= +@now
    UNION ALL
    SELECT (SELECT min("at") FROM (
        SELECT min(scheduled_at) AS "at" FROM queue WHERE held = 1 AND instance_id = line.instance_id
        UNION ALL SELECT min(due_at) FROM queue WHERE held = 2 AND instance_id = line.instance_id))
      FROM queue_lines AS line WHERE owner IS NOT NULL AND lease_until > +@now)`,
  free: `SELECT claimed_sequence AS "claimedSequence" FROM queue_lines
    WHERE instance_id = +@instanceId AND lease_until <= +@now`,
  admit: `UPDATE queue SET held = 3
    WHERE held = 1 AND instance_id = +@instanceId AND scheduled_at <= +@now RETURNING chat_id AS "chatId"`,
  wake: "UPDATE queue SET held = 0 WHERE held = 2 AND instance_id = +@instanceId AND due_at <= +@now",
  // Written in what is the future now: the clock was set back.
  wakeSetBack: "UPDATE queue SET held = 0 WHERE held = 2 AND instance_id = +@instanceId AND updated_at > +@now",
  interrupted: `SELECT ${queueColumns} FROM queue WHERE sequence = +@sequence AND state = 'sending'`,
  head: `SELECT ${queueColumns} FROM queue
    WHERE held = 0 AND instance_id = +@instanceId ORDER BY sequence LIMIT 1`,
  mark: "UPDATE queue SET state = 'sending', waits_for = NULL, updated_at = @now WHERE sequence = +@sequence",
  take: `UPDATE queue_lines SET owner = @owner, fencing_token = fencing_token + 1, lease_until = @leaseUntil,
      claimed_sequence = @sequence
    WHERE instance_id = +@instanceId RETURNING fencing_token AS "fencingToken"`,
  renew: `UPDATE queue_lines SET lease_until = @leaseUntil WHERE ${mine}`,
  release: `UPDATE queue_lines SET owner = NULL, lease_until = 0, claimed_sequence = NULL WHERE ${mine}`,
  retry: `UPDATE queue SET state = 'queued', held = 3, attempts = @attempts, due_at = @dueAt, waits_for = @waitsFor,
      last_error = coalesce(@error, last_error), updated_at = @now
    WHERE sequence = +@sequence`,
  letGo: `UPDATE queue SET due_at = @now, updated_at = @now, waits_for = NULL, held = iif(held = 2, 0, held)
    WHERE sequence IN (SELECT sequence FROM queue
      WHERE waits_for = +@waitsFor AND instance_id = +@instanceId AND chat_id = coalesce(@chatId, chat_id) ORDER BY sequence LIMIT ${stepRows})`,
  settle: `UPDATE queue SET state = @outcome, held = NULL, last_error = coalesce(@error, last_error), updated_at = @now
    WHERE sequence = +@sequence`,
} as const;

type Values = Readonly<Record<string, string | number | null>>;

/** Claims on the lines of the queue: who sends for an instance, and what became of the message. */
export function createQueueClaims(
  context: SqliteContext,
): Pick<QueueStore, "instancesWithWork" | "nextDueAt" | "claim" | "renew" | "retry" | "release" | "settle"> {
  const { db } = context;
  const prepare = <Row = unknown>(sql: string) => db.prepare<Values, Row>(sql);
  const withWork = prepare<{ instanceId: string }>(queueClaimsSql.withWork);
  const nextDueAt = prepare<{ dueAt: number | null }>(queueClaimsSql.nextDueAt);
  const free = prepare<{ claimedSequence: number | null }>(queueClaimsSql.free);
  const admit = prepare<{ chatId: string }>(queueClaimsSql.admit);
  const wake = prepare(queueClaimsSql.wake);
  const wakeSetBack = prepare(queueClaimsSql.wakeSetBack);
  const interrupted = prepare<QueueColumns>(queueClaimsSql.interrupted);
  const head = prepare<QueueColumns>(queueClaimsSql.head);
  const mark = prepare(queueClaimsSql.mark);
  const take = prepare<{ fencingToken: number }>(queueClaimsSql.take);
  const renew = prepare(queueClaimsSql.renew);
  const release = prepare(queueClaimsSql.release);
  const putBack = prepare(queueClaimsSql.retry);
  const letGo = prepare(queueClaimsSql.letGo);
  const finish = prepare(queueClaimsSql.settle);
  const append = createAppendEvents(context);
  const line = createQueueLine(db);
  const put = createPutRecords(context);

  /** What is to be sent first: a message that a dead claimer left, since it may have gone out already; else the head. */
  const firstOf = (instanceId: string, claimedSequence: number | null): QueueColumns | undefined =>
    (claimedSequence === null ? undefined : interrupted.get({ sequence: claimedSequence })) ?? head.get({ instanceId });

  /** What is due by now comes into the line. */
  const comeIn = (input: { readonly instanceId: string; readonly now: number }): void => {
    const chats = new Set(admit.all(input).map(({ chatId }) => chatId));
    for (const chatId of chats) line.rearrange({ ...input, chatId });
    const woken = wake.run(input).changes + wakeSetBack.run(input).changes;
    if (chats.size > 0 || woken > 0) line.refresh({ instanceId: input.instanceId });
  };

  return {
    instancesWithWork: ({ now, dueBy = now, limit }) =>
      context.read(() => withWork.all({ now, dueBy, limit }).map(({ instanceId }) => instanceId)),
    nextDueAt: ({ now }) => context.read(() => nextDueAt.get({ now })?.dueAt ?? undefined),
    claim: ({ instanceId, owner, leaseMs, now }) =>
      // Always a write: a claim asked for right behind a settlement gets into the same commit and sees it.
      context.write(() => {
        const standing = free.get({ instanceId, now });
        if (standing === undefined) return undefined;
        comeIn({ instanceId, now });
        const first = firstOf(instanceId, standing.claimedSequence);
        if (first === undefined) return undefined;
        const { sequence } = first;
        mark.run({ sequence, now });
        const claim = take.get({ instanceId, owner, leaseUntil: now + leaseMs, sequence });
        if (claim === undefined) return undefined;
        const message = queuedMessageOf({ ...first, state: "sending", waitsFor: null, updatedAt: now });
        put.steps(instanceId, [{ ...aboutOf(message), status: "sending", at: now }]);
        return { ...message, fencingToken: claim.fencingToken };
      }),
    renew: ({ claim, leaseMs, now }) =>
      context.write(() => renew.run({ ...keyOf(claim), leaseUntil: now + leaseMs }).changes === 1),
    retry: ({ claim, attempts, dueAt, waitsFor = null, error, now }) =>
      context.write(() => {
        const { instanceId, chatId, sequence } = claim;
        if (release.run(keyOf(claim)).changes === 0) return false;
        putBack.run({ sequence, attempts, dueAt, waitsFor, error: error ?? null, now });
        line.promote({ instanceId, chatId, now });
        line.refresh({ instanceId });
        return true;
      }),
    release: async ({ instanceId, waitsFor, chatId = null, now }) => {
      for (let total = 0; ;) {
        const { changes } = await context.write(() => {
          const step = letGo.run({ instanceId, waitsFor, chatId, now });
          line.refresh({ instanceId });
          return step;
        });
        total += changes;
        if (changes < stepRows) return total;
      }
    },
    settle: ({ claim, outcome, error, stored, events, now }) =>
      context.write(() => {
        const { instanceId, chatId, sequence } = claim;
        if (release.run(keyOf(claim)).changes === 0) return false;
        finish.run({ sequence, outcome, error: error ?? null, now });
        line.promote({ instanceId, chatId, now });
        line.refresh({ instanceId });
        const detail = error === undefined ? {} : { detail: error };
        put.steps(instanceId, [{ ...aboutOf(claim), status: outcome, at: now, ...detail }]);
        if (stored !== undefined) put.messages([stored]);
        append({ instanceId, events, now });
        return true;
      }),
  };
}

function keyOf({ instanceId, sequence, fencingToken }: ClaimedMessage): Values {
  return { instanceId, sequence, fencingToken };
}

function aboutOf({ messageId, outgoing }: Pick<ClaimedMessage, "messageId" | "outgoing">) {
  return { messageId, chatId: outgoing.to };
}
