/** One value at one time. */
export interface Point {
  /** Seconds since the beginning. */
  readonly at: number;
  readonly value: number;
}

/** How a series went after the warm-up. */
export interface Growth {
  readonly name: string;
  readonly first: number;
  readonly last: number;
  /** Change a minute: the median over all pairs of points, so that single peaks do not count. */
  readonly perMinute: number;
  /** What that makes over the whole time. */
  readonly total: number;
  /** As much as this is noise. */
  readonly noise: number;
  readonly grows: boolean;
}

/** Judges one series; `noise` is what may come and go without being growth. */
export function growthOf(name: string, points: readonly Point[], noise: number): Growth {
  const perSecond = median(
    points.flatMap((a, index) =>
      points.slice(index + 1).flatMap((b) => (b.at > a.at ? [(b.value - a.value) / (b.at - a.at)] : [])),
    ),
  );
  const [first, last] = [points[0], points.at(-1)];
  const total = perSecond * ((last?.at ?? 0) - (first?.at ?? 0));
  return {
    name,
    // Single values say little: these are the middles of the first and the last fifth.
    first: median(points.slice(0, Math.ceil(points.length / 5)).map(({ value }) => value)),
    last: median(points.slice(-Math.ceil(points.length / 5)).map(({ value }) => value)),
    perMinute: perSecond * 60,
    total,
    noise,
    grows: total > noise,
  };
}

/** A table of all series that change, and of those that grow in any case. */
export function growthTable(all: readonly Growth[]): string {
  const number = (value: number): string => (Math.abs(value) < 10 ? value.toFixed(2) : value.toFixed(0));
  return [
    "| | at first | in the end | a minute | in all | noise | |",
    "|---|---|---|---|---|---|---|",
    ...all.map(
      ({ name, first, last, perMinute, total, noise, grows }) =>
        `| ${name} | ${number(first)} | ${number(last)} | ${number(perMinute)} | ${number(total)} | ${number(noise)} | ${grows ? "GROWS" : "flat"} |`,
    ),
  ].join("\n");
}

function median(values: readonly number[]): number {
  if (values.length === 0) return 0;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
