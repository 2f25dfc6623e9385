import { hookIdOf } from "#domain/ids.ts";
import { type HookChange, type HookMove, hookMoves } from "../hook-moves.ts";
import { lockLanes, refreshLane, wakeLanes } from "./lane-due.ts";
import type { Queries } from "./queries.ts";
import { statements } from "./statement.ts";

const ofOldLane = "instance_id = $1 AND hook_id = $2 AND (slot_mask & $3) <> 0";
const forThisSlotAlone = "slot_mask = $3";
const waitsAtNew = `position IN (
  SELECT position FROM deliveries WHERE state = 'pending' AND instance_id = $1 AND hook_id = $4)`;

/** Statements of this file, for the test that none scans a table. First parameters: instance, old hook, slot's bit. */
export const retargetSql = statements("retarget", {
  discard: `UPDATE deliveries SET state = 'discarded', updated_at = $4
    WHERE state = 'pending' AND ${ofOldLane} AND ${forThisSlotAlone}`,
  leave: `UPDATE deliveries SET slot_mask = slot_mask & ~$3::int
    WHERE state = 'pending' AND ${ofOldLane} AND NOT ${forThisSlotAlone}`,
  // The event waits for the new URL already: that delivery serves this slot too.
  join: `UPDATE deliveries SET slot_mask = slot_mask | $3
    WHERE state = 'pending' AND instance_id = $1 AND hook_id = $4
      AND position IN (SELECT position FROM deliveries WHERE state = 'pending' AND ${ofOldLane})`,
  joined: `UPDATE deliveries SET state = 'discarded', last_error = 'same_url', updated_at = $5
    WHERE state = 'pending' AND ${ofOldLane} AND ${forThisSlotAlone} AND ${waitsAtNew}`,
  joinedPart: `UPDATE deliveries SET slot_mask = slot_mask & ~$3::int
    WHERE state = 'pending' AND ${ofOldLane} AND ${waitsAtNew}`,
  // Another slot keeps the old URL: the event goes to both.
  split: `INSERT INTO deliveries (position, sequence, instance_id, hook_id, url, slot_mask, state, attempts, due_at,
      created_at, updated_at)
    SELECT position, sequence, instance_id, $4, $5, $3, 'pending', 0, $6, created_at, $6
    FROM deliveries WHERE state = 'pending' AND ${ofOldLane} AND NOT ${forThisSlotAlone}
    ORDER BY sequence, delivery_id`,
  // A new endpoint starts without the failures of the old one.
  move: `UPDATE deliveries SET hook_id = $4, url = $5, attempts = 0, due_at = $6, last_error = NULL, updated_at = $6
    WHERE state = 'pending' AND ${ofOldLane} AND ${forThisSlotAlone}`,
  // Dead letters go along, so that a revival calls the URL that is configured then.
  moveDead: `UPDATE deliveries SET hook_id = $4, url = $5
    WHERE state = 'dead' AND instance_id = $1 AND hook_id = $2 AND ${forThisSlotAlone}`,
});

/** Hooks of an instance before and after a change. */
export interface RetargetInput extends HookChange {
  readonly instanceId: string;
  readonly now: number;
}

/**
 * Moves what waits for a changed hook to its new URL, and discards what waits for one that is gone. The order of a lane is
 * the events' sequence, so whatever moves keeps its place. The caller holds the lock of the instance.
 */
export async function retarget(tx: Queries, input: RetargetInput): Promise<void> {
  for (const move of hookMoves(input)) await change(tx, move, input);
}

async function change(tx: Queries, move: HookMove, { instanceId, now }: RetargetInput): Promise<void> {
  const { bit, from, to: newUrl } = move;
  const oldHook = hookIdOf(instanceId, from);
  if (newUrl === undefined) {
    await Promise.all([
      lockLanes(tx, instanceId, [oldHook]),
      tx.run(retargetSql.discard, [instanceId, oldHook, bit, now]),
      tx.run(retargetSql.leave, [instanceId, oldHook, bit]),
      refreshLane(tx, instanceId, oldHook),
    ]);
    return;
  }
  const newHook = hookIdOf(instanceId, newUrl);
  await Promise.all([
    wakeLanes(tx, [{ instanceId, hookId: newHook, url: newUrl }], now),
    lockLanes(tx, instanceId, [oldHook, newHook]),
    // In this order: first what meets another delivery, then what is shared, then the rest.
    tx.run(retargetSql.join, [instanceId, oldHook, bit, newHook]),
    tx.run(retargetSql.joined, [instanceId, oldHook, bit, newHook, now]),
    tx.run(retargetSql.joinedPart, [instanceId, oldHook, bit, newHook]),
    tx.run(retargetSql.split, [instanceId, oldHook, bit, newHook, newUrl, now]),
    tx.run(retargetSql.leave, [instanceId, oldHook, bit]),
    tx.run(retargetSql.move, [instanceId, oldHook, bit, newHook, newUrl, now]),
    tx.run(retargetSql.moveDead, [instanceId, oldHook, bit, newHook, newUrl]),
    refreshLane(tx, instanceId, newHook),
    refreshLane(tx, instanceId, oldHook),
  ]);
}
