import type { Queries } from "./queries.ts";
import { statements } from "./statement.ts";

/** Rows of one transaction. */
const stepRows = 5_000;

/** Statements of this file, for the test that none scans a table. */
export const sessionRowsSql = statements("session_rows", {
  // First, so that a commit which comes later finds no token to name.
  fence: "DELETE FROM auth_fences WHERE instance_id = $1",
  creds: "DELETE FROM auth_creds WHERE instance_id = $1",
  keys: `DELETE FROM auth_keys WHERE (instance_id, type, key_id) IN (
    SELECT instance_id, type, key_id FROM auth_keys WHERE instance_id = $1
    ORDER BY instance_id, type, key_id LIMIT ${stepRows})`,
  journal: `DELETE FROM journal WHERE journal_id IN (
    SELECT journal_id FROM journal WHERE instance_id = $1 ORDER BY journal_id LIMIT ${stepRows})`,
  // What is pending keeps `settled_at` null.
  settled: `DELETE FROM journal WHERE settled_at IS NOT NULL AND journal_id IN (
    SELECT journal_id FROM journal WHERE settled_at IS NOT NULL AND settled_at <= $1 ORDER BY settled_at LIMIT $2)`,
});

/** Removes Signal state and journal of an instance, in short transactions. */
export async function removeSessionRows(queries: Queries, instanceId: string): Promise<void> {
  await queries.run(sessionRowsSql.fence, [instanceId]);
  await queries.run(sessionRowsSql.creds, [instanceId]);
  for (const statement of [sessionRowsSql.keys, sessionRowsSql.journal]) {
    while ((await queries.run(statement, [instanceId])) === stepRows);
  }
}

/** Deletes at most `limit` journal rows that were settled until `before`; answers how many. */
export async function pruneJournal(
  queries: Queries,
  { before, limit }: { readonly before: number; readonly limit: number },
): Promise<number> {
  return await queries.run(sessionRowsSql.settled, [before, limit]);
}
