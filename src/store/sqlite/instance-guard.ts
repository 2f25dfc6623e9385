import type { Database } from "better-sqlite3";
import { WazapiError } from "#domain/errors.ts";

/** Throws `instance_not_found`, so that a late write leaves no rows behind a removed instance. */
export function createInstanceGuard(db: Database): (instanceId: string) => void {
  const known = db.prepare<[string]>("SELECT 1 FROM instance_counters WHERE instance_id = +?");
  return (instanceId) => {
    if (known.get(instanceId) === undefined) throw new WazapiError("instance_not_found");
  };
}
