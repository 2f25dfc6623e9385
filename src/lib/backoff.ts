/** How the wait grows from one failure to the next. */
export interface BackoffOptions {
  readonly baseMs: number;
  readonly maxMs: number;
  /** `full`: anywhere in [0, delay]; `equal`: within 20 % around the delay; `none`: the delay itself. */
  readonly jitter: "full" | "equal" | "none";
}

/** The wait before try `failures + 1`, doubling from `baseMs` up to `maxMs`. `random` answers in [0, 1). */
export function backoffMs(options: BackoffOptions, failures: number, random: () => number = Math.random): number {
  const grown = Math.min(options.maxMs, options.baseMs * 2 ** Math.max(0, Math.min(failures - 1, 30)));
  switch (options.jitter) {
    case "full":
      return Math.round(grown * random());
    case "equal":
      return Math.round(grown * (0.8 + 0.4 * random()));
    case "none":
      return grown;
  }
}
