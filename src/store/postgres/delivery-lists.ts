import { and, asc, count, desc, eq, lt } from "drizzle-orm";
import type { PgRemoteDatabase } from "drizzle-orm/pg-proxy";
import type { BreakerRow, DeliveryStore } from "../deliveries.ts";
import { withoutNulls } from "../rows.ts";
import type { PostgresContext } from "./context.ts";
import { deliveryOf } from "./delivery-rows.ts";
import { deliverySelection, inState } from "./delivery-selection.ts";
import { attempts, deliveries, events } from "./schema.ts";
import { statements } from "./statement.ts";

const lanes = (where: string): string => `SELECT lane.instance_id AS "instanceId", lane.hook_id AS "hookId", lane.url,
    breaker_state AS "state", breaker_failures AS "failures", breaker_probe_at AS "probeAt",
    breaker_opened_at AS "openedAt",
    (SELECT count(*) FROM deliveries WHERE state = 'pending' AND instance_id = lane.instance_id
      AND hook_id = lane.hook_id) AS "pending",
    (SELECT created_at FROM deliveries WHERE state = 'pending' AND instance_id = lane.instance_id
      AND hook_id = lane.hook_id ORDER BY sequence, delivery_id LIMIT 1) AS "oldestAt"
  FROM lanes AS lane ${where}
  ORDER BY lane.instance_id, lane.hook_id`;

/** Statements of this file, for the test that none scans a table. */
export const deliveryListsSql = statements("delivery_lists", {
  // Each count comes from an index alone; the delivered ones are what the others leave.
  counts: `SELECT
    (SELECT count(*) FROM deliveries WHERE instance_id = $1) AS "all",
    (SELECT count(*) FROM deliveries WHERE state = 'pending' AND instance_id = $1) AS "pending",
    (SELECT count(*) FROM deliveries WHERE state = 'dead' AND instance_id = $1) AS "dead",
    (SELECT count(*) FROM deliveries WHERE state = 'discarded' AND instance_id = $1) AS "discarded"`,
  lanesOf: lanes("WHERE lane.instance_id = $1"),
});

/** Every lane: a row per URL is what is asked for. */
const allLanes = statements("delivery_lists", { lanes: lanes("") });

const tried = {
  at: attempts.at,
  durationMs: attempts.durationMs,
  status: attempts.status,
  error: attempts.error,
  answer: attempts.answer,
  counted: attempts.counted,
};

interface LaneColumns extends BreakerRow {
  readonly instanceId: string;
  readonly hookId: string;
  readonly url: string;
  readonly pending: number;
  readonly oldestAt: number | null;
}

interface Counts {
  readonly all: number;
  readonly pending: number;
  readonly dead: number;
  readonly discarded: number;
}

/** What operators and routes see of deliveries. */
export function createDeliveryLists(
  context: PostgresContext,
): Pick<DeliveryStore, "get" | "attempts" | "list" | "count" | "stats" | "lanes"> {
  const { db } = context;

  const joined = (orm: PgRemoteDatabase) =>
    orm.select().from(deliveries).innerJoin(events, eq(events.position, deliveries.position));

  const deadBy = async (instanceId: string, column: typeof events.type | typeof deliveries.lastError) => {
    const rows = await db.query((orm) =>
      orm
        .select({ key: column, total: count() })
        .from(deliveries)
        .innerJoin(events, eq(events.position, deliveries.position))
        .where(and(eq(deliveries.instanceId, instanceId), inState("dead")))
        .groupBy(column),
    );
    return Object.fromEntries(rows.map(({ key, total }) => [key ?? "unknown", total]));
  };

  return {
    get: async ({ deliveryId }) => {
      const [row] = await db.query((orm) => joined(orm).where(eq(deliveries.deliveryId, deliveryId)));
      return row === undefined ? undefined : deliveryOf(row);
    },
    attempts: async ({ deliveryId }) => {
      const rows = await db.query((orm) =>
        orm.select(tried).from(attempts).where(eq(attempts.deliveryId, deliveryId)).orderBy(asc(attempts.ordinal)),
      );
      return rows.map((row) => withoutNulls(row));
    },
    list: async ({ before, limit, offset, ...filter }) => {
      const rows = await db.query((orm) =>
        joined(orm)
          .where(and(deliverySelection(filter), before === undefined ? undefined : lt(deliveries.deliveryId, before)))
          .orderBy(desc(deliveries.deliveryId))
          .limit(limit)
          .offset(offset ?? 0),
      );
      return rows.map(deliveryOf);
    },
    count: async (filter) => {
      const [row] = await db.query((orm) => {
        const counted = orm.select({ total: count() }).from(deliveries);
        const ofEvents = filter.type !== undefined || filter.eventId !== undefined;
        const rows = ofEvents ? counted.innerJoin(events, eq(events.position, deliveries.position)) : counted;
        return rows.where(deliverySelection(filter));
      });
      return row?.total ?? 0;
    },
    stats: async ({ instanceId }) => {
      const [[counts], deadByType, deadByError] = await Promise.all([
        db.rows<Counts>(deliveryListsSql.counts, [instanceId]),
        deadBy(instanceId, events.type),
        deadBy(instanceId, deliveries.lastError),
      ]);
      const { all, ...others } = counts ?? { all: 0, pending: 0, dead: 0, discarded: 0 };
      const delivered = all - others.pending - others.dead - others.discarded;
      return { byState: { ...others, delivered }, deadByType, deadByError };
    },
    lanes: async ({ instanceId }) => {
      const rows = await (instanceId === undefined
        ? db.rows<LaneColumns>(allLanes.lanes, [])
        : db.rows<LaneColumns>(deliveryListsSql.lanesOf, [instanceId]));
      return rows.map(({ state, failures, probeAt, openedAt, ...lane }) => {
        return { ...withoutNulls(lane), breaker: { state, failures, probeAt, openedAt } };
      });
    },
  };
}
