import type { sleep } from "#lib/sleep.ts";

/** A claim on a row that is kept while it is worked on. */
export interface HeldClaim extends AsyncDisposable {
  /** Aborts when the claim was lost or the outer signal aborted. */
  readonly signal: AbortSignal;
}

/** The claim went to somebody else. */
class ClaimLostError extends Error {
  override readonly name = "ClaimLostError";
}

/** Renews a claim three times a lease until it is disposed of. A renewal that fails is tried again at the next turn. */
export function holdClaim(
  deps: { readonly sleep: typeof sleep; readonly renew: () => Promise<boolean> },
  leaseMs: number,
  signal: AbortSignal,
): HeldClaim {
  const over = new AbortController();
  const lost = new AbortController();
  const ended = AbortSignal.any([signal, over.signal]);
  const keep = async (): Promise<void> => {
    while (!ended.aborted) {
      await deps.sleep(leaseMs / 3, ended);
      if (ended.aborted) return;
      // An unreachable database is no proof that somebody else has it; the token tells at the end.
      const isMine = await deps.renew().catch(() => true);
      if (!isMine) return lost.abort(new ClaimLostError("somebody else has the claim now"));
    }
  };
  const keeping = keep();
  return {
    signal: AbortSignal.any([signal, lost.signal]),
    [Symbol.asyncDispose]: async () => {
      over.abort();
      await keeping;
    },
  };
}
