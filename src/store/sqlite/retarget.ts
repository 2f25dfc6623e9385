import { hookIdOf } from "#domain/ids.ts";
import { type HookChange, type HookMove, hookMoves } from "../hook-moves.ts";
import type { SqliteContext } from "./context.ts";
import { createLaneDue } from "./lane-due.ts";

const ofOldLane = "instance_id = +@instanceId AND hook_id = +@oldHookId AND (slot_mask & @bit) <> 0";
const waitsAtNew = `position IN (
  SELECT position FROM deliveries WHERE state = 'pending' AND instance_id = +@instanceId AND hook_id = +@newHookId)`;
const forThisSlotAlone = "slot_mask = +@bit";

const moveSql = {
  // The event waits for the new URL already: that delivery serves this slot too.
  join: `UPDATE deliveries SET slot_mask = slot_mask | @bit
    WHERE state = 'pending' AND instance_id = +@instanceId AND hook_id = +@newHookId
      AND position IN (SELECT position FROM deliveries WHERE state = 'pending' AND ${ofOldLane})`,
  joined: `UPDATE deliveries SET state = 'discarded', last_error = 'same_url', updated_at = @now
    WHERE state = 'pending' AND ${ofOldLane} AND ${forThisSlotAlone} AND ${waitsAtNew}`,
  joinedPart: `UPDATE deliveries SET slot_mask = slot_mask & ~@bit
    WHERE state = 'pending' AND ${ofOldLane} AND ${waitsAtNew}`,
  // Another slot keeps the old URL: the event goes to both.
  split: `INSERT INTO deliveries (position, sequence, instance_id, hook_id, url, slot_mask, state, attempts, due_at,
      created_at, updated_at)
    SELECT position, sequence, instance_id, @newHookId, @newUrl, @bit, 'pending', 0, @now, created_at, @now
    FROM deliveries WHERE state = 'pending' AND ${ofOldLane} AND NOT ${forThisSlotAlone}
    ORDER BY sequence, delivery_id`,
  // A new endpoint starts without the failures of the old one.
  move: `UPDATE deliveries SET hook_id = @newHookId, url = @newUrl, attempts = 0, due_at = @now, last_error = NULL,
      updated_at = @now
    WHERE state = 'pending' AND ${ofOldLane} AND ${forThisSlotAlone}`,
  // Dead letters go along, so that a revival calls the URL that is configured then.
  moveDead: `UPDATE deliveries SET hook_id = @newHookId, url = @newUrl
    WHERE state = 'dead' AND instance_id = +@instanceId AND hook_id = +@oldHookId AND ${forThisSlotAlone}`,
} as const;

const leaveSql = {
  discard: `UPDATE deliveries SET state = 'discarded', updated_at = @now
    WHERE state = 'pending' AND ${ofOldLane} AND ${forThisSlotAlone}`,
  leave: `UPDATE deliveries SET slot_mask = slot_mask & ~@bit
    WHERE state = 'pending' AND ${ofOldLane} AND NOT ${forThisSlotAlone}`,
} as const;

/** SQL of this file, for the test that no statement scans a table. */
export const retargetSql = { ...moveSql, ...leaveSql } as const;

/** Hooks of an instance before and after a change. */
export interface RetargetInput extends HookChange {
  readonly instanceId: string;
  readonly now: number;
}

/**
 * Moves what waits for a changed hook to its new URL, and discards what waits for one that is gone. The order of a lane is
 * the events' sequence, so whatever moves keeps its place. Runs inside the caller's write.
 */
export function createRetarget(context: SqliteContext): (input: RetargetInput) => void {
  const { db } = context;
  const lanes = createLaneDue(db);
  const prepare = (sql: string) => db.prepare<Readonly<Record<string, string | number>>>(sql);
  // In this order: first what meets another delivery, then what is shared, then the rest.
  const moves = [moveSql.join, moveSql.joined, moveSql.joinedPart, moveSql.split, leaveSql.leave].map(prepare);
  const rest = [moveSql.move, moveSql.moveDead].map(prepare);
  const leaves = [leaveSql.discard, leaveSql.leave].map(prepare);

  const change = ({ bit, from, to: newUrl }: HookMove, { instanceId, now }: RetargetInput): void => {
    const oldHookId = hookIdOf(instanceId, from);
    const common = { instanceId, oldHookId, bit, now };
    if (newUrl === undefined) {
      for (const statement of leaves) statement.run(common);
    } else {
      const newHookId = hookIdOf(instanceId, newUrl);
      const moving = { ...common, newHookId, newUrl };
      for (const statement of [...moves, ...rest]) statement.run(moving);
      lanes.wake({ instanceId, hookId: newHookId, url: newUrl, dueAt: now });
      lanes.refresh({ instanceId, hookId: newHookId });
    }
    lanes.refresh({ instanceId, hookId: oldHookId });
  };

  return (input) => {
    for (const move of hookMoves(input)) change(move, input);
  };
}
