import { createHash } from "node:crypto";
import type { Queries } from "./queries.ts";
import { statements } from "./statement.ts";

/** Characters. */
const longestId = 500;

/** Statements of this file, for the test that none scans a table. */
export const settleJournalSql = statements("settle_journal", {
  settle: `UPDATE journal SET settled_at = $3
    WHERE settled_at IS NULL AND instance_id = $1 AND stanza_id = ANY($2::text[])`,
});

/**
 * The stanza id as the journal keeps it: senders choose ids, and an index takes no row of more than a third of a page. What is
 * too long for it goes by its hash, which is its own name when it is read and settled by that.
 */
export function journalName(stanzaId: string): string {
  return stanzaId.length <= longestId ? stanzaId : createHash("sha256").update(stanzaId).digest("hex");
}

/** Marks the journal rows of these stanzas as settled. */
export async function settleJournal(
  queries: Queries,
  input: { readonly instanceId: string; readonly stanzaIds: readonly string[]; readonly now: number },
): Promise<void> {
  if (input.stanzaIds.length === 0) return;
  await queries.run(settleJournalSql.settle, [input.instanceId, input.stanzaIds.map(journalName), input.now]);
}
