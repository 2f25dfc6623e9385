import type { Queries } from "./queries.ts";
import { statements } from "./statement.ts";

/** Rows of one transaction. */
const stepRows = 5_000;

const some = (table: string): string => `DELETE FROM ${table}
  WHERE ctid = ANY(ARRAY(SELECT ctid FROM ${table} WHERE instance_id = $1 LIMIT ${stepRows}))`;

/** Statements of this file, for the test that none scans a table. */
export const sessionRowsSql = statements("session_rows", {
  // First, so that a commit which comes later finds no token to name.
  fence: "DELETE FROM auth_fences WHERE instance_id = $1",
  creds: "DELETE FROM auth_creds WHERE instance_id = $1",
  keys: some("auth_keys"),
  journal: some("journal"),
  // What is pending keeps `settled_at` null.
  settled: `DELETE FROM journal WHERE journal_id = ANY(ARRAY(
    SELECT journal_id FROM journal WHERE settled_at IS NOT NULL AND settled_at <= $1 ORDER BY settled_at LIMIT $2))`,
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
