import { systemClock } from "#lib/clock.ts";
import { createSealer } from "#store/sealer.ts";
import { openSqliteStore } from "#store/sqlite/open.ts";
import type { Store } from "#store/store.ts";

/** The key that test stores are sealed with. */
export const testSealer = createSealer(Buffer.alloc(32, 7));

/** The real embedded store, in memory or in a file that another one may open later; the test disposes it. */
export function openTestStore(path = ":memory:"): Promise<Store> {
  return openSqliteStore({ clock: systemClock }, { path, sealer: testSealer }, new AbortController().signal);
}
