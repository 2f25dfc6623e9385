import type { Queries } from "./queries.ts";
import { statements } from "./statement.ts";

/** Rows of one transaction. */
const stepRows = 5_000;

/** Statements of this file, for the test that none scans a table. */
export const sessionRemovalSql = statements("session_removal", {
  // First, so that a commit which comes later finds no token to name.
  fence: "DELETE FROM auth_fences WHERE instance_id = $1",
  creds: "DELETE FROM auth_creds WHERE instance_id = $1",
  keys: `DELETE FROM auth_keys WHERE (instance_id, type, key_id) IN (
    SELECT instance_id, type, key_id FROM auth_keys WHERE instance_id = $1
    ORDER BY instance_id, type, key_id LIMIT ${stepRows})`,
  journal: `DELETE FROM journal WHERE journal_id IN (
    SELECT journal_id FROM journal WHERE instance_id = $1 ORDER BY journal_id LIMIT ${stepRows})`,
});

/** Removes Signal state and journal of an instance, in short transactions. */
export async function removeAuthState(queries: Queries, instanceId: string): Promise<void> {
  await queries.run(sessionRemovalSql.fence, [instanceId]);
  await queries.run(sessionRemovalSql.creds, [instanceId]);
  for (const statement of [sessionRemovalSql.keys, sessionRemovalSql.journal]) {
    while ((await queries.run(statement, [instanceId])) === stepRows);
  }
}
