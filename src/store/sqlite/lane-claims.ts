import type { BreakerRow, DeliveryStore, Lane } from "../deliveries.ts";
import type { SqliteContext } from "./context.ts";

/** Claims of others; of one of them when it is named. */
const others = "owner IS NOT NULL AND owner <> +@owner AND (@dead IS NULL OR owner = +@dead)";
const mine =
  "instance_id = +@instanceId AND hook_id = +@hookId AND owner IS NOT NULL AND fencing_token = +@fencingToken";

/** SQL of this file, for the test that no statement scans a table. */
export const laneClaimsSql = {
  due: `SELECT instance_id AS "instanceId", hook_id AS "hookId" FROM lanes
    WHERE due_at <= +@dueBy AND lease_until <= +@now ORDER BY due_at LIMIT +@limit`,
  claim: `UPDATE lanes SET owner = @owner, fencing_token = fencing_token + 1, lease_until = @leaseUntil
    WHERE instance_id = +@instanceId AND hook_id = +@hookId
    RETURNING instance_id AS "instanceId", hook_id AS "hookId", url, fencing_token AS "fencingToken",
      lease_until AS "leaseUntil", breaker_state AS "state", breaker_failures AS "failures",
      breaker_probe_at AS "probeAt", breaker_opened_at AS "openedAt"`,
  renew: `UPDATE lanes SET lease_until = @leaseUntil WHERE ${mine}`,
  release: `UPDATE lanes SET owner = NULL, lease_until = 0 WHERE ${mine}`,
  releaseOthers: `UPDATE lanes SET owner = NULL, lease_until = 0 WHERE ${others}`,
  unsend: `UPDATE queue SET state = 'queued' WHERE state = 'sending' AND sequence IN (
    SELECT claimed_sequence FROM queue_lines WHERE ${others})`,
  releaseOtherLines: `UPDATE queue_lines SET owner = NULL, lease_until = 0, claimed_sequence = NULL
    WHERE ${others}`,
  nextDueAt: `SELECT min(due_at) AS "dueAt" FROM lanes WHERE due_at IS NOT NULL AND lease_until <= +?`,
} as const;

type Values = Readonly<Record<string, string | number>>;
interface Whose {
  readonly owner: string;
  readonly dead: string | null;
}

/** Claims on lanes: who delivers to which URL. */
export function createLaneClaims(
  context: SqliteContext,
): Pick<DeliveryStore, "claimLanes" | "renewLane" | "releaseLane" | "releaseOthers" | "nextDueAt"> {
  const { db } = context;
  const due = db.prepare<Values, { instanceId: string; hookId: string }>(laneClaimsSql.due);
  const claim = db.prepare<Values, Omit<Lane, "breaker"> & BreakerRow>(laneClaimsSql.claim);
  const renew = db.prepare<Values>(laneClaimsSql.renew);
  const release = db.prepare<Values>(laneClaimsSql.release);
  const freeing = [laneClaimsSql.releaseOthers, laneClaimsSql.releaseOtherLines].map((text) => db.prepare<Whose>(text));
  const unsend = db.prepare<Whose>(laneClaimsSql.unsend);
  const nextDueAt = db.prepare<[number], { dueAt: number | null }>(laneClaimsSql.nextDueAt);

  return {
    claimLanes: async ({ owner, limit, leaseMs, now, dueBy = now }) => {
      // A look first: most polls find nothing and need no transaction.
      const waiting = await context.read(() => due.get({ now, dueBy, limit: 1 }));
      if (waiting === undefined) return [];
      return context.write(() => {
        const leaseUntil = now + leaseMs;
        return due
          .all({ now, dueBy, limit: Math.min(limit, 100) })
          .map((lane) => claim.get({ ...lane, owner, leaseUntil }))
          .filter((lane) => lane !== undefined)
          .map(laneOf);
      });
    },
    renewLane: ({ lane, leaseMs, now }) =>
      context.write(() => renew.run({ ...keyOf(lane), leaseUntil: now + leaseMs }).changes === 1),
    releaseLane: ({ lane }) => context.write(() => void release.run(keyOf(lane))),
    releaseOthers: ({ owner, dead }) =>
      context.write(() => {
        const whose = { owner, dead: dead ?? null };
        unsend.run(whose);
        return freeing.reduce((freed, statement) => freed + statement.run(whose).changes, 0);
      }),
    nextDueAt: ({ now }) => context.read(() => nextDueAt.get(now)?.dueAt ?? undefined),
  };
}

function laneOf(row: Omit<Lane, "breaker"> & BreakerRow): Lane {
  const { state, failures, probeAt, openedAt, ...lane } = row;
  return { ...lane, breaker: { state, failures, probeAt, openedAt } };
}

function keyOf({ instanceId, hookId, fencingToken }: Lane): Values {
  return { instanceId, hookId, fencingToken };
}
