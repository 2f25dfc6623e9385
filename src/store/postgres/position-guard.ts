import type { Queries } from "./queries.ts";
import { statements } from "./statement.ts";

/*
 * How positions can be a cursor although several processes commit at once.
 *
 * A position comes from a sequence, so a transaction that commits late may hold a lower one than what readers have seen
 * already; a reader that had gone past it would never see it. Serializing all writers would prevent that, at the price
 * of one commit at a time in the whole cluster. Instead writers say where they are, and readers stop short of them:
 *
 *   writer: 1. takes a shared advisory lock whose number is the sequence's present value,
 *           2. draws its positions, which are therefore higher, and commits, which frees the lock after the rows are
 *              visible.
 *   reader: 1. reads the sequence's present value, 2. then the locks held, 3. then rows, each with a fresh snapshot, and
 *              keeps those up to the lower of the value and all locks.
 *
 * A position up to that bound was drawn before step 1, so its writer held a lock below it then. In step 2 that lock was
 * gone, else the bound would be lower: the writer had ended, and step 3 sees its rows if it committed any. A writer that
 * dies loses its locks with its connection. The sequence must hand out its numbers one by one (CACHE 1, as created).
 *
 * The number of a lock has 31 bits; readers add the rest from the present value, from which no writer is far.
 */

const space = "hashtext('wazapi positions ' || current_schema())";
const present = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM events_position_seq";
const window = 2 ** 31;

/** An expression that guards what the transaction will draw; evaluate it in a statement of its own before that. */
export const guardPositions = `pg_advisory_xact_lock_shared(${space}, ((${present}) & ${window - 1})::int)`;

/** Statements of this file, for the test that none scans a table. */
export const positionGuardSql = statements("position_guard", {
  present: `SELECT (${present}) AS "position"`,
  guards: `SELECT objid::bigint AS "number" FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 2 AND classid = ${space}::oid
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
});

/**
 * The position up to which everything there will ever be is committed. Statements that read events must be started
 * after it on the same connection; they may travel together.
 */
export async function settledPosition(tx: Queries): Promise<number> {
  const [[top], guards] = await Promise.all([
    tx.rows<{ position: number }>(positionGuardSql.present, []),
    tx.rows<{ number: number }>(positionGuardSql.guards, []),
  ]);
  const highest = top?.position ?? 0;
  const behind = guards
    .map(({ number }) => (((highest - number) % window) + window) % window)
    // More than half the window: it is ahead, of a writer that came after the present value was read.
    .filter((distance) => distance < window / 2);
  return highest - Math.max(0, ...behind);
}
