import { and, asc, eq, isNotNull, sql } from "drizzle-orm";
import type { Lease, LeaseStore } from "../leases.ts";
import { withoutNulls } from "../rows.ts";
import type { SqliteContext } from "./context.ts";
import { leases, nodes } from "./schema.ts";

const leaseColumns = 'name, owner, fencing_token AS "fencingToken", expires_at AS "expiresAt"';

/** SQL of this file, for the test that no statement scans a table. */
export const leasesSql = {
  acquire: `INSERT INTO leases (name, owner, fencing_token, expires_at) VALUES (@name, @owner, 1, @expiresAt)
    ON CONFLICT (name) DO UPDATE SET
      fencing_token = CASE WHEN owner IS excluded.owner THEN fencing_token ELSE fencing_token + 1 END,
      owner = excluded.owner,
      expires_at = excluded.expires_at
    WHERE owner IS NULL OR owner = excluded.owner OR expires_at <= +@now
      OR EXISTS (SELECT 1 FROM nodes WHERE node_id = leases.owner AND seen_at <= +@deadSince)
    RETURNING ${leaseColumns}`,
  renew:
    "UPDATE leases SET expires_at = @expiresAt WHERE name = +@name AND owner = +@owner AND fencing_token = +@token",
  release: "UPDATE leases SET owner = NULL WHERE name = +@name AND owner = +@owner AND fencing_token = +@token",
  heartbeat: `INSERT INTO nodes (node_id, seen_at, address) VALUES (?, ?, ?)
    ON CONFLICT (node_id) DO UPDATE SET seen_at = excluded.seen_at, address = excluded.address`,
} as const;

type Parameters = Readonly<Record<string, string | number>>;

/** Leases and heartbeats in SQLite. */
export function createLeases(context: SqliteContext): LeaseStore {
  const { db, orm } = context;
  const acquire = db.prepare<Parameters, Lease>(leasesSql.acquire);
  const renew = db.prepare<Parameters>(leasesSql.renew);
  const release = db.prepare<Parameters>(leasesSql.release);
  const heartbeat = db.prepare<[string, number, string | null]>(leasesSql.heartbeat);
  const held = {
    name: leases.name,
    // Asked for together with "owner is not null".
    owner: sql<string>`${leases.owner}`,
    fencingToken: leases.fencingToken,
    expiresAt: leases.expiresAt,
  };

  return {
    acquire: ({ name, owner, ttlMs, deadAfterMs, now }) =>
      context.write(() => {
        // Without `deadAfterMs` no heartbeat is old enough.
        const deadSince = deadAfterMs === undefined ? Number.MIN_SAFE_INTEGER : now - deadAfterMs;
        return acquire.get({ name, owner, expiresAt: now + ttlMs, now, deadSince });
      }),
    renew: ({ lease, ttlMs, now }) =>
      context.write(() => {
        const { name, owner, fencingToken: token } = lease;
        return renew.run({ name, owner, token, expiresAt: now + ttlMs }).changes === 1;
      }),
    release: ({ lease }) =>
      context.write(() => void release.run({ name: lease.name, owner: lease.owner, token: lease.fencingToken })),
    get: ({ name }) =>
      context.read(() =>
        orm
          .select(held)
          .from(leases)
          .where(and(eq(leases.name, name), isNotNull(leases.owner)))
          .get(),
      ),
    list: ({ prefix }) =>
      context.read(() =>
        orm
          .select(held)
          .from(leases)
          .where(and(isNotNull(leases.owner), sql`substr(${leases.name}, 1, length(${prefix})) = ${prefix}`))
          .orderBy(asc(leases.name))
          .all(),
      ),
    heartbeat: ({ nodeId, address, now }) => context.write(() => void heartbeat.run(nodeId, now, address ?? null)),
    nodes: () =>
      context.read(() =>
        orm
          .select()
          .from(nodes)
          .orderBy(asc(nodes.nodeId))
          .all()
          .map((row) => withoutNulls(row)),
      ),
    leave: ({ nodeId }) => context.write(() => void orm.delete(nodes).where(eq(nodes.nodeId, nodeId)).run()),
  };
}
