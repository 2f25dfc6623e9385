import { WazapiError } from "#domain/errors.ts";
import type { Queries } from "./queries.ts";
import { statements } from "./statement.ts";

/** Statements of this file, for the test that none scans a table. */
export const instanceLockSql = statements("instance_lock", {
  one: `SELECT event_sequence AS "eventSequence" FROM instance_counters WHERE instance_id = $1 FOR NO KEY UPDATE`,
  several: `SELECT instance_id AS "instanceId" FROM instance_counters WHERE instance_id = ANY($1::text[])
    ORDER BY instance_id FOR NO KEY UPDATE`,
});

/**
 * Takes the lock under which events, hooks and read model of an instance change, until the transaction ends; answers
 * the number of its last event. Throws `instance_not_found`, so that a late write leaves no rows behind a removed one.
 */
export async function lockInstance(tx: Queries, instanceId: string): Promise<number> {
  const [counter] = await tx.rows<{ eventSequence: number }>(instanceLockSql.one, [instanceId]);
  if (counter === undefined) throw new WazapiError("instance_not_found");
  return counter.eventSequence;
}

/** Takes the locks of those that still exist, in an order all keep, and answers which. */
export async function lockInstances(tx: Queries, instanceIds: readonly string[]): Promise<readonly string[]> {
  const rows = await tx.rows<{ instanceId: string }>(instanceLockSql.several, [instanceIds]);
  return rows.map(({ instanceId }) => instanceId);
}
