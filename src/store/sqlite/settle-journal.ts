import type { Database } from "better-sqlite3";

/** SQL of this file, for the test that no statement scans a table. */
export const settleJournalSql = {
  settle: "UPDATE journal SET settled_at = ? WHERE settled_at IS NULL AND instance_id = +? AND stanza_id = +?",
} as const;

/** Marks the journal rows of these stanzas as settled; runs inside the caller's write. */
export function createSettleJournal(
  db: Database,
): (instanceId: string, stanzaIds: readonly string[], now: number) => void {
  const settle = db.prepare<[number, string, string]>(settleJournalSql.settle);
  return (instanceId, stanzaIds, now) => {
    for (const stanzaId of stanzaIds) settle.run(now, instanceId, stanzaId);
  };
}
