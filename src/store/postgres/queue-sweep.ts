import type { RetentionPolicy } from "../retention.ts";
import { createSweep } from "../sweep.ts";
import type { PostgresContext } from "./context.ts";
import { type Statement, statements } from "./statement.ts";

const olderThan = (state: "sent" | "failed" | "canceled"): string => `SELECT sequence, updated_at AS "updatedAt"
  FROM queue WHERE held IS NULL AND state = '${state}' AND updated_at <= $1 AND (updated_at, sequence) > ($2, $3)
  ORDER BY updated_at, sequence LIMIT $4 FOR UPDATE SKIP LOCKED`;

/** Statements of this file, for the test that none scans a table. */
export const queueSweepSql = statements("queue_sweep", {
  // The state is written out, so that the statistics tell how many there are of it.
  sent: olderThan("sent"),
  failed: olderThan("failed"),
  canceled: olderThan("canceled"),
  remove: `DELETE FROM queue WHERE sequence = ANY($1::bigint[]) AND NOT EXISTS (
    SELECT 1 FROM idempotency_keys AS k
    WHERE k.instance_id = queue.instance_id AND k.zaap_id = queue.zaap_id AND k.expires_at > $2)`,
});

interface Place {
  readonly updatedAt: number;
  readonly sequence: number;
}

interface Input {
  readonly policy: Pick<RetentionPolicy, "sentQueueMs" | "failedQueueMs">;
  readonly now: number;
}

const kinds = {
  sentQueue: { statement: queueSweepSql.sent, policy: "sentQueueMs" },
  failedQueue: { statement: queueSweepSql.failed, policy: "failedQueueMs" },
  // Nothing can be done about a canceled one either, so it goes when sent ones do.
  canceledQueue: { statement: queueSweepSql.canceled, policy: "sentQueueMs" },
} as const satisfies Record<string, { readonly statement: Statement; readonly policy: keyof Input["policy"] }>;

/** Removes final messages of the queue, except those a live idempotency key still answers with. */
export function createQueueSweep(
  context: PostgresContext,
): (input: Input & { readonly limit: number }) => Promise<Readonly<Record<string, number>>> {
  const { db } = context;

  const sweeps = Object.entries(kinds).map(([kind, { statement, policy: key }]) => {
    const sweep = createSweep<Place, Input>({ updatedAt: 0, sequence: 0 }, (from, { policy, limit, now }) =>
      db.transaction(async (tx) => {
        // Locked, so that none is queued again before it is removed.
        const found = await tx.rows<Place>(statement, [now - policy[key], from.updatedAt, from.sequence, limit]);
        const removed = await tx.run(queueSweepSql.remove, [found.map(({ sequence }) => sequence), now]);
        return { seen: found.length, removed, reached: found.at(-1) };
      }),
    );
    return { kind, sweep };
  });

  return async (input) => {
    const removed: Record<string, number> = {};
    for (const { kind, sweep } of sweeps) removed[kind] = await sweep(input);
    return removed;
  };
}
