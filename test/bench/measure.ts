import { percentile } from "../crash/tally.ts";

/** What the rounds of one row gave: one value a round for each side. */
export interface Measured {
  readonly ours: readonly number[];
  /** Empty where nothing can be compared. */
  readonly bare: readonly number[];
  /** Other figures worth knowing, by name; the unit is part of the name. */
  readonly facts?: Readonly<Record<string, number>>;
}

/** One run of one side; answers its figure in the unit of the row. */
export type Side = () => Promise<number>;

/**
 * Runs both sides once to warm up and then `rounds` times, turn about and each time in the other order, so that
 * whatever else the machine does meets both.
 */
export async function runPairs(rounds: number, sides: { readonly ours: Side; readonly bare: Side }): Promise<Measured> {
  const ours: number[] = [];
  const bare: number[] = [];
  await sides.ours();
  await sides.bare();
  for (let round = 0; round < rounds; round += 1) {
    if (round % 2 === 0) {
      ours.push(await sides.ours());
      bare.push(await sides.bare());
    } else {
      bare.push(await sides.bare());
      ours.push(await sides.ours());
    }
  }
  return { ours, bare };
}

/** The value in the middle. */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** Things a second, of so many done while `work` ran. */
export async function perSecond(count: number, work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return (count * 1000) / (performance.now() - startedMs);
}

/** Does `count` things, so many at a time. */
export async function inParallel(
  input: { readonly count: number; readonly atOnce: number },
  one: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < input.count) {
      const index = next;
      next += 1;
      await one(index);
    }
  };
  await Promise.all(Array.from({ length: input.atOnce }, worker));
}
