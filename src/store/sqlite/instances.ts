import { asc, count, desc, eq, sql } from "drizzle-orm";
import { WazapiError } from "#domain/errors.ts";
import type { Connection, Instance } from "#domain/instance.ts";
import { auditOf, changedInstance, type InstanceChange } from "../instance-change.ts";
import type { InstanceStore } from "../instances.ts";
import { openText, sealText } from "../sealed-text.ts";
import { hooksOf, storedHooks } from "../stored-hooks.ts";
import type { SqliteContext } from "./context.ts";
import type { InstanceRemoval } from "./instance-removal.ts";
import { createRetarget } from "./retarget.ts";
import { connectionHistory, instanceCounters, instanceRemovals, instances, settingsAudit } from "./schema.ts";
import { isSqliteError } from "./sqlite-errors.ts";

/** SQL of this file, for the test that no statement scans a table: what each sign of life writes. */
export const instancesSql = {
  touch: "UPDATE instances SET connection = json_set(connection, '$.lastSeenAt', ?) WHERE instance_id = +?",
} as const;

/** Instances in SQLite. */
export function createInstances(context: SqliteContext, removal: InstanceRemoval): InstanceStore {
  const { db, orm, sealer } = context;
  const touch = db.prepare<[number, string]>(instancesSql.touch);
  const retarget = createRetarget(context);

  // Asked for each message that is sent.
  const byId = orm
    .select()
    .from(instances)
    .where(eq(instances.instanceId, sql.placeholder("instanceId")))
    .prepare();

  const one = (instanceId: string): Instance | undefined => {
    const row = byId.get({ instanceId });
    return row === undefined ? undefined : instanceOf(row);
  };

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

  const change = (instanceId: string, wanted: InstanceChange, now: number): Instance => {
    const before = one(instanceId);
    if (before === undefined) throw new WazapiError("instance_not_found");
    const after = changedInstance(before, wanted, now);
    refusingTaken(() => orm.update(instances).set(columnsOf(after)).where(eq(instances.instanceId, instanceId)).run());
    const audit = auditOf(before, after);
    if (audit !== undefined) orm.insert(settingsAudit).values({ instanceId, at: now, change: audit }).run();
    retarget({ instanceId, before, after, now });
    return after;
  };

  return {
    create: ({ instance }) =>
      context.write(() => {
        const leaving = orm.select().from(instanceRemovals).where(eq(instanceRemovals.instanceId, instance.id)).get();
        if (leaving !== undefined) throw new WazapiError("conflict", { message: "this instance is being removed" });
        refusingTaken(() =>
          orm
            .insert(instances)
            .values({ instanceId: instance.id, ...columnsOf(instance) })
            .run(),
        );
        orm.insert(instanceCounters).values({ instanceId: instance.id, eventSequence: 0 }).run();
      }),
    get: ({ instanceId }) => context.read(() => one(instanceId)),
    byName: ({ name }) =>
      context.read(() => {
        const row = orm.select().from(instances).where(eq(instances.name, name)).get();
        return row === undefined ? undefined : instanceOf(row);
      }),
    list: ({ offset, limit, query }) =>
      context.read(() => {
        const matches =
          query === undefined ? undefined : sql`instr(${instances.nameFolded}, ${query.toLowerCase()}) > 0`;
        const rows = orm
          .select()
          .from(instances)
          .where(matches)
          .orderBy(asc(instances.ordinal))
          .limit(limit)
          .offset(offset)
          .all();
        const total = orm.select({ total: count() }).from(instances).where(matches).get()?.total ?? 0;
        return { instances: rows.map(instanceOf), total };
      }),
    delete: ({ instanceId }) => removal.remove(instanceId),
    update: ({ instanceId, now, ...wanted }) => context.write(() => change(instanceId, wanted, now)),
    setHooks: ({ instanceId, now, ...wanted }) => context.write(() => change(instanceId, wanted, now)),
    recordConnection: ({ instanceId, connection }) =>
      context.write(() => {
        const row = orm
          .select({ connection: instances.connection })
          .from(instances)
          .where(eq(instances.instanceId, instanceId))
          .get();
        if (row === undefined) return;
        orm.update(instances).set({ connection }).where(eq(instances.instanceId, instanceId)).run();
        if (sameStanding(row.connection, connection)) return;
        orm.insert(connectionHistory).values({ instanceId, connection, at: connection.at }).run();
      }),
    touchConnection: ({ instanceId, lastSeenAt }) => context.write(() => void touch.run(lastSeenAt, instanceId)),
    connectionHistory: ({ instanceId, limit }) =>
      context.read(() =>
        orm
          .select({ connection: connectionHistory.connection })
          .from(connectionHistory)
          .where(eq(connectionHistory.instanceId, instanceId))
          .orderBy(desc(connectionHistory.historyId))
          .limit(limit)
          .all()
          .map((row) => row.connection),
      ),
  };
}

function sameStanding(before: Connection, after: Connection): boolean {
  return before.state === after.state && before.reason === after.reason;
}

function refusingTaken(statement: () => unknown): void {
  try {
    statement();
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    if (!isSqliteError(cause, "SQLITE_CONSTRAINT_UNIQUE")) throw error;
    throw new WazapiError("conflict", { message: "an instance with this id or name exists already", cause });
  }
}
