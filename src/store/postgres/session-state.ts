import type { AuthStateStore } from "../auth-state.ts";

/** Signal state and journal in a database of their own. */
export interface SessionState extends AsyncDisposable {
  readonly authState: AuthStateStore;
  /** Removes everything of an instance; late writes throw `lease_lost`. */
  readonly remove: (instanceId: string) => Promise<void>;
  /** Deletes at most `limit` rows that were settled before this moment; answers how many. */
  readonly pruneJournal: (input: { readonly before: number; readonly limit: number }) => Promise<number>;
  /** Whether it can be written now; throws `storage` with the reason. */
  readonly check: () => Promise<void>;
}
