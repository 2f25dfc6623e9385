/** One look of a sweep. */
export interface SweepStep<Place> {
  /** Rows looked at. */
  readonly seen: number;
  readonly removed: number;
  /** Where the next look begins; undefined when none was seen. */
  readonly reached: Place | undefined;
}

/** Rows one look takes in: what is kept costs a look too, and nobody shall wait for it. */
const sweepRows = 500;

/**
 * Goes over old rows of which some must stay, in short looks, until `limit` rows are removed or the end is reached.
 * Remembers where it stopped, so that rows that stay (a long outage leaves many) are passed over once a round and not
 * once a call.
 */
export function createSweep<Place, Input>(
  start: Place,
  look: (from: Place, input: Input & { readonly limit: number }) => Promise<SweepStep<Place>>,
): (input: Input & { readonly limit: number }) => Promise<number> {
  let place = start;
  return async (input) => {
    let total = 0;
    while (total < input.limit) {
      const limit = Math.min(sweepRows, input.limit - total);
      const { seen, removed, reached } = await look(place, { ...input, limit });
      total += removed;
      place = reached ?? start;
      if (seen < limit) {
        place = start;
        break;
      }
    }
    return total;
  };
}
