import { and, asc, count, desc, eq, lt } from "drizzle-orm";
import type { DeliveryStore } from "../deliveries.ts";
import { withoutNulls } from "../rows.ts";
import type { SqliteContext } from "./context.ts";
import { deliveryOf } from "./delivery-rows.ts";
import { deliverySelection, inState } from "./delivery-selection.ts";
import { attempts, deliveries, events } from "./schema.ts";

const lanesSql = (
  where: string,
): string => `SELECT lane.instance_id AS "instanceId", lane.hook_id AS "hookId", lane.url,
    breaker_state AS "state", breaker_failures AS "failures", breaker_probe_at AS "probeAt",
    breaker_opened_at AS "openedAt",
    (SELECT count(*) FROM deliveries WHERE state = 'pending' AND instance_id = lane.instance_id
      AND hook_id = lane.hook_id) AS "pending",
    (SELECT created_at FROM deliveries WHERE state = 'pending' AND instance_id = lane.instance_id
      AND hook_id = lane.hook_id ORDER BY sequence, delivery_id LIMIT 1) AS "oldestAt"
  FROM lanes AS lane ${where}
  ORDER BY lane.instance_id, lane.hook_id`;

// Each count comes from an index alone; the delivered ones are what the others leave.
const countsSql = `SELECT
    (SELECT count(*) FROM deliveries WHERE instance_id = +@instanceId) AS "all",
    (SELECT count(*) FROM deliveries WHERE state = 'pending' AND instance_id = +@instanceId) AS "pending",
    (SELECT count(*) FROM deliveries WHERE state = 'dead' AND instance_id = +@instanceId) AS "dead",
    (SELECT count(*) FROM deliveries WHERE state = 'discarded' AND instance_id = +@instanceId) AS "discarded"`;

interface LaneColumns {
  readonly instanceId: string;
  readonly hookId: string;
  readonly url: string;
  readonly state: "closed" | "open";
  readonly failures: number;
  readonly probeAt: number;
  readonly openedAt: number;
  readonly pending: number;
  readonly oldestAt: number | null;
}

/** What operators and routes see of deliveries. */
export function createDeliveryLists(
  context: SqliteContext,
): Pick<DeliveryStore, "get" | "attempts" | "list" | "count" | "stats" | "lanes"> {
  const { db, orm } = context;
  const lanes = db.prepare<[], LaneColumns>(lanesSql(""));
  const lanesOf = db.prepare<[string], LaneColumns>(lanesSql("WHERE lane.instance_id = +?"));
  const counts = db.prepare<{ instanceId: string }, { all: number; pending: number; dead: number; discarded: number }>(
    countsSql,
  );

  const joined = () => orm.select().from(deliveries).innerJoin(events, eq(events.position, deliveries.position));

  const deadBy = (instanceId: string, column: typeof events.type | typeof deliveries.lastError) => {
    const rows = orm
      .select({ key: column, total: count() })
      .from(deliveries)
      .innerJoin(events, eq(events.position, deliveries.position))
      .where(and(eq(deliveries.instanceId, instanceId), inState("dead")))
      .groupBy(column)
      .all();
    return Object.fromEntries(rows.map(({ key, total }) => [key ?? "unknown", total]));
  };

  return {
    get: ({ deliveryId }) =>
      context.read(() => {
        const row = joined().where(eq(deliveries.deliveryId, deliveryId)).get();
        return row === undefined ? undefined : deliveryOf(row);
      }),
    attempts: ({ deliveryId }) =>
      context.read(() =>
        orm
          .select()
          .from(attempts)
          .where(eq(attempts.deliveryId, deliveryId))
          .orderBy(asc(attempts.ordinal))
          .all()
          .map(({ deliveryId: _deliveryId, ordinal: _ordinal, ...row }) => withoutNulls(row)),
      ),
    list: ({ before, limit, offset, ...filter }) =>
      context.read(() =>
        joined()
          .where(and(deliverySelection(filter), before === undefined ? undefined : lt(deliveries.deliveryId, before)))
          .orderBy(desc(deliveries.deliveryId))
          .limit(limit)
          .offset(offset ?? 0)
          .all()
          .map(deliveryOf),
      ),
    count: (filter) =>
      context.read(() => {
        const counted = orm.select({ total: count() }).from(deliveries);
        const ofEvents = filter.type !== undefined || filter.eventId !== undefined;
        const rows = ofEvents ? counted.innerJoin(events, eq(events.position, deliveries.position)) : counted;
        return rows.where(deliverySelection(filter)).get()?.total ?? 0;
      }),
    stats: ({ instanceId }) =>
      context.read(() => {
        const found = counts.get({ instanceId }) ?? { all: 0, pending: 0, dead: 0, discarded: 0 };
        const { all, ...others } = found;
        const delivered = all - others.pending - others.dead - others.discarded;
        return {
          byState: { ...others, delivered },
          deadByType: deadBy(instanceId, events.type),
          deadByError: deadBy(instanceId, deliveries.lastError),
        };
      }),
    lanes: ({ instanceId }) =>
      context.read(() =>
        (instanceId === undefined ? lanes.all() : lanesOf.all(instanceId)).map(
          ({ state, failures, probeAt, openedAt, ...lane }) => ({
            ...withoutNulls(lane),
            breaker: { state, failures, probeAt, openedAt },
          }),
        ),
      ),
  };
}
