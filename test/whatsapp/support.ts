import type { Clock } from "#lib/clock.ts";
import type { AuthStateStore } from "#store/auth-state.ts";

/** A clock that moves when told. */
export interface HandClock extends Clock {
  readonly advance: (ms: number) => void;
}

export function handClock(startAt = 1_700_000_000_000): HandClock {
  let passed = 0;
  return {
    now: () => startAt + passed,
    monotonicMs: () => passed,
    advance: (ms) => {
      passed += ms;
    },
  };
}

/** The store with commits that fail, or wait, on command. */
export interface FaultyAuthStore extends AuthStateStore {
  /** Throws in place of the commits it returns an error for. */
  fail: (change: Parameters<AuthStateStore["commit"]>[0]) => Error | undefined;
  /** Runs before a commit that does not fail. */
  before: (change: Parameters<AuthStateStore["commit"]>[0]) => Promise<void>;
  readonly commits: Parameters<AuthStateStore["commit"]>[0][];
}

export function faultyAuthStore(inner: AuthStateStore): FaultyAuthStore {
  const faulty: FaultyAuthStore = {
    ...inner,
    commits: [],
    fail: () => undefined,
    before: () => Promise.resolve(),
    commit: async (change) => {
      const error = faulty.fail(change);
      if (error !== undefined) throw error;
      await faulty.before(change);
      await inner.commit(change);
      faulty.commits.push(change);
    },
  };
  return faulty;
}

/** Lets every promise that can settle do so. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
