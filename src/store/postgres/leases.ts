import { and, asc, eq, isNotNull, sql } from "drizzle-orm";
import type { Lease, LeaseStore } from "../leases.ts";
import { withoutNulls } from "../rows.ts";
import type { PostgresContext } from "./context.ts";
import { leases, nodes } from "./schema.ts";
import { statements } from "./statement.ts";

const mine = "name = $1 AND owner = $2 AND fencing_token = $3";

/** Statements of this file, for the test that none scans a table. */
export const leasesSql = statements("leases", {
  // Of several who ask at once one gets the row; the others look at it again as that one left it.
  acquire: `INSERT INTO leases AS lease (name, owner, fencing_token, expires_at) VALUES ($1, $2, 1, $3)
    ON CONFLICT (name) DO UPDATE SET
      fencing_token = lease.fencing_token + CASE WHEN lease.owner IS NOT DISTINCT FROM excluded.owner THEN 0 ELSE 1 END,
      owner = excluded.owner,
      expires_at = excluded.expires_at
    WHERE lease.owner IS NULL OR lease.owner = excluded.owner OR lease.expires_at <= $4
      OR EXISTS (SELECT 1 FROM nodes WHERE node_id = lease.owner AND seen_at <= $5)
    RETURNING name, owner, fencing_token AS "fencingToken", expires_at AS "expiresAt"`,
  renew: `UPDATE leases SET expires_at = $4 WHERE ${mine}`,
  release: `UPDATE leases SET owner = NULL WHERE ${mine}`,
  heartbeat: `INSERT INTO nodes (node_id, seen_at, address) VALUES ($1, $2, $3)
    ON CONFLICT (node_id) DO UPDATE SET seen_at = excluded.seen_at, address = excluded.address`,
});

/** Leases and heartbeats in Postgres. */
export function createLeases(context: PostgresContext): LeaseStore {
  const { db } = context;
  const held = {
    name: leases.name,
    // Asked for together with "owner is not null".
    owner: sql<string>`${leases.owner}`,
    fencingToken: leases.fencingToken,
    expiresAt: leases.expiresAt,
  };

  return {
    acquire: async ({ name, owner, ttlMs, deadAfterMs, now }) => {
      // Without `deadAfterMs` no heartbeat is old enough.
      const deadSince = deadAfterMs === undefined ? Number.MIN_SAFE_INTEGER : now - deadAfterMs;
      const [lease] = await db.rows<Lease>(leasesSql.acquire, [name, owner, now + ttlMs, now, deadSince]);
      return lease;
    },
    renew: async ({ lease, ttlMs, now }) => (await db.run(leasesSql.renew, [...keyOf(lease), now + ttlMs])) === 1,
    release: async ({ lease }) => void (await db.run(leasesSql.release, keyOf(lease))),
    get: async ({ name }) => {
      const [row] = await db.query((orm) =>
        orm
          .select(held)
          .from(leases)
          .where(and(eq(leases.name, name), isNotNull(leases.owner))),
      );
      return row;
    },
    list: ({ prefix }) =>
      db.query((orm) =>
        orm
          .select(held)
          .from(leases)
          .where(and(isNotNull(leases.owner), sql`starts_with(${leases.name}, ${prefix})`))
          .orderBy(asc(leases.name)),
      ),
    heartbeat: async ({ nodeId, address, now }) =>
      void (await db.run(leasesSql.heartbeat, [nodeId, now, address ?? null])),
    nodes: async () => {
      const rows = await db.query((orm) => orm.select().from(nodes).orderBy(asc(nodes.nodeId)));
      return rows.map((row) => withoutNulls(row));
    },
    leave: async ({ nodeId }) => {
      await db.query((orm) => orm.delete(nodes).where(eq(nodes.nodeId, nodeId)));
    },
  };
}

function keyOf({ name, owner, fencingToken }: Lease): readonly [string, string, number] {
  return [name, owner, fencingToken];
}
