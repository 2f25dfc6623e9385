import { asc, count, desc, eq, sql } from "drizzle-orm";
import type { PgRemoteDatabase } from "drizzle-orm/pg-proxy";
import { WazapiError } from "#domain/errors.ts";
import type { Connection, Instance } from "#domain/instance.ts";
import { auditOf, changedInstance, type InstanceChange } from "../instance-change.ts";
import type { InstanceStore } from "../instances.ts";
import { openText, sealText } from "../sealed-text.ts";
import { hooksOf, storedHooks } from "../stored-hooks.ts";
import type { PostgresContext } from "./context.ts";
import { lockInstance } from "./instance-lock.ts";
import type { InstanceRemoval } from "./instance-removal.ts";
import { driverError, isTaken, storageError } from "./postgres-errors.ts";
import { retarget } from "./retarget.ts";
import { connectionHistory, instanceCounters, instanceRemovals, instances, settingsAudit } from "./schema.ts";

/** Instances in Postgres. */
export function createInstances(context: PostgresContext, removal: InstanceRemoval): InstanceStore {
  const { db, sealer } = context;

  const instanceOf = (row: typeof instances.$inferSelect): Instance => ({
    id: row.instanceId,
    name: row.name,
    token: openText(sealer, row.sealedToken),
    settings: row.settings,
    ...hooksOf(row.hooks),
    subscription: row.subscription,
    // Written by `columnsOf` as a list of strings.
    webhookSecrets: JSON.parse(openText(sealer, row.sealedWebhookSecrets)) as readonly string[],
    connection: row.connection,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
  });

  const columnsOf = (instance: Instance): Omit<typeof instances.$inferInsert, "ordinal" | "instanceId"> => ({
    name: instance.name,
    nameFolded: instance.name.toLowerCase(),
    sealedToken: sealText(sealer, instance.token),
    settings: instance.settings,
    hooks: storedHooks(instance),
    subscription: instance.subscription,
    sealedWebhookSecrets: sealText(sealer, JSON.stringify(instance.webhookSecrets)),
    connection: instance.connection,
    createdAt: instance.createdAt,
    updatedAt: instance.updatedAt,
  });

  const change = (instanceId: string, wanted: InstanceChange, now: number): Promise<Instance> =>
    db.transaction(async (tx) => {
      // Events are stored for the hooks of one moment: before this change or after it.
      await lockInstance(tx, instanceId);
      const row = await lockedRow(tx.orm, instanceId);
      if (row === undefined) throw new WazapiError("instance_not_found");
      const before = instanceOf(row);
      const after = changedInstance(before, wanted, now);
      await refusingTaken(tx.orm.update(instances).set(columnsOf(after)).where(eq(instances.instanceId, instanceId)));
      const audit = auditOf(before, after);
      if (audit !== undefined) await tx.orm.insert(settingsAudit).values({ instanceId, at: now, change: audit });
      await retarget(tx, { instanceId, before, after, now });
      return after;
    });

  return {
    create: ({ instance }) =>
      db.transaction(async ({ orm }) => {
        const leaving = await orm.select().from(instanceRemovals).where(eq(instanceRemovals.instanceId, instance.id));
        if (leaving.length > 0) throw new WazapiError("conflict", { message: "this instance is being removed" });
        await refusingTaken(orm.insert(instances).values({ instanceId: instance.id, ...columnsOf(instance) }));
        await orm.insert(instanceCounters).values({ instanceId: instance.id, eventSequence: 0 });
      }),
    get: async ({ instanceId }) => {
      const [row] = await db.query((orm) => orm.select().from(instances).where(eq(instances.instanceId, instanceId)));
      return row === undefined ? undefined : instanceOf(row);
    },
    byName: async ({ name }) => {
      const [row] = await db.query((orm) => orm.select().from(instances).where(eq(instances.name, name)));
      return row === undefined ? undefined : instanceOf(row);
    },
    list: async ({ offset, limit, query }) => {
      const matches =
        query === undefined ? undefined : sql`strpos(${instances.nameFolded}, ${query.toLowerCase()}) > 0`;
      const [rows, [counted]] = await Promise.all([
        db.query((orm) =>
          orm.select().from(instances).where(matches).orderBy(asc(instances.ordinal)).limit(limit).offset(offset),
        ),
        db.query((orm) => orm.select({ total: count() }).from(instances).where(matches)),
      ]);
      return { instances: rows.map(instanceOf), total: counted?.total ?? 0 };
    },
    delete: ({ instanceId }) => removal.remove(instanceId),
    update: ({ instanceId, now, ...wanted }) => change(instanceId, wanted, now),
    setHooks: ({ instanceId, now, ...wanted }) => change(instanceId, wanted, now),
    recordConnection: ({ instanceId, connection }) =>
      db.transaction(async ({ orm }) => {
        const row = await lockedRow(orm, instanceId);
        if (row === undefined) return;
        await orm.update(instances).set({ connection }).where(eq(instances.instanceId, instanceId));
        if (sameStanding(row.connection, connection)) return;
        await orm.insert(connectionHistory).values({ instanceId, connection, at: connection.at });
      }),
    touchConnection: ({ instanceId, lastSeenAt }) =>
      db.transaction(async ({ orm }) => {
        const row = await lockedRow(orm, instanceId);
        if (row === undefined) return;
        const connection = { ...row.connection, lastSeenAt };
        await orm.update(instances).set({ connection }).where(eq(instances.instanceId, instanceId));
      }),
    connectionHistory: async ({ instanceId, limit }) => {
      const rows = await db.query((orm) =>
        orm
          .select({ connection: connectionHistory.connection })
          .from(connectionHistory)
          .where(eq(connectionHistory.instanceId, instanceId))
          .orderBy(desc(connectionHistory.historyId))
          .limit(limit),
      );
      return rows.map((row) => row.connection);
    },
  };
}

/** The instance's own row, which nobody else changes until the transaction ends. */
async function lockedRow(
  orm: PgRemoteDatabase,
  instanceId: string,
): Promise<typeof instances.$inferSelect | undefined> {
  const [row] = await orm.select().from(instances).where(eq(instances.instanceId, instanceId)).for("no key update");
  return row;
}

function sameStanding(before: Connection, after: Connection): boolean {
  return before.state === after.state && before.reason === after.reason;
}

async function refusingTaken(statement: PromiseLike<unknown>): Promise<void> {
  try {
    await statement;
  } catch (error) {
    if (!isTaken(error)) throw error;
    throw new WazapiError("conflict", {
      message: "an instance with this id or name exists already",
      cause: storageError(driverError(error)),
    });
  }
}
