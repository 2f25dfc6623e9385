import type { Queries } from "./queries.ts";
import { statements } from "./statement.ts";

/** Statements of this file, for the test that none scans a table. */
export const settleJournalSql = statements("settle_journal", {
  settle: `UPDATE journal SET settled_at = $3
    WHERE settled_at IS NULL AND instance_id = $1 AND stanza_id = ANY($2::text[])`,
});

/** Marks the journal rows of these stanzas as settled. */
export async function settleJournal(
  queries: Queries,
  input: { readonly instanceId: string; readonly stanzaIds: readonly string[]; readonly now: number },
): Promise<void> {
  if (input.stanzaIds.length === 0) return;
  await queries.run(settleJournalSql.settle, [input.instanceId, input.stanzaIds, input.now]);
}
