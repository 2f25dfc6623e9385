import { openRig, type Rig } from "../../support/rig.ts";
import { percentile, type RoadTally } from "../tally.ts";
import { burstWithKills } from "./burst.ts";
import { atEveryPoint } from "./every-point.ts";
import { keyedSends } from "./keyed-sends.ts";
import { longOutage, outageLine } from "./outage.ts";
import { receiverDown } from "./receiver-down.ts";
import { recoveries, takeovers } from "./recovery.ts";
import { terminated } from "./terminated.ts";

/** What a series found, as one line of the table, and whether it is what is promised. */
export interface SeriesResult {
  readonly line: string;
  readonly kept: boolean;
}

/** A load with its default number of repetitions. */
interface Series {
  readonly times: number;
  readonly run: (rig: Rig, input: { readonly times: number; readonly random: () => number }) => Promise<SeriesResult>;
}

/** The loads that break other gateways, one by one. */
export const seriesTable = {
  burst: {
    times: 20,
    run: async (rig, { times, random }) => {
      const tallies = await repeat(times, () => burstWithKills(rig, random));
      return roadResult(`${times} × 500 inbound in bursts, 5 kills each`, tallies);
    },
  },
  "receiver-100s": {
    times: 1,
    run: async (rig, { times }) => {
      const found = await repeat(times, () => receiverDown(rig, { downMs: 100_000, kill: false }));
      return roadResult(`50 messages behind a receiver that is down for 100 s (${afterUp(found)})`, found);
    },
  },
  "receiver-kill": {
    times: 2,
    run: async (rig, { times }) => {
      const found = await repeat(times, () => receiverDown(rig, { downMs: 20_000, kill: true }));
      return roadResult(`${times} × 50 messages, receiver down for 20 s, a kill inside (${afterUp(found)})`, found);
    },
  },
  keyed: {
    times: 10,
    run: async (rig, { times, random }) => {
      const tallies = await repeat(times, (series) => keyedSends(rig, { series, random }));
      return roadResult(`${times} × 100 sends under Idempotency-Keys, 5 kills each`, tallies);
    },
  },
  points: {
    times: 1,
    run: async (rig, { times }) => {
      const found = await repeat(times, (round) => atEveryPoint(rig, round));
      const missed = found.flatMap((one) => one.missed);
      const both = roadResult(
        `${times} × each of ${found[0]?.points ?? 0} named points, ${missed.length} not reached ${missed.join(" ")}`.trimEnd(),
        found.flatMap(({ inbound, outbound }) => [inbound, outbound]),
      );
      return { ...both, kept: both.kept && missed.length === 0 };
    },
  },
  recovery: {
    times: 20,
    run: async (rig, { times }) => timeResult(`SIGKILL → connected, ${times} times`, await recoveries(rig, times)),
  },
  takeover: {
    times: 50,
    run: async (rig, { times }) =>
      timeResult(`SIGKILL of the leader → standby connected, ${times} times`, await takeovers(rig, times)),
  },
  outage: {
    // Minutes.
    times: 20,
    run: async (rig, { times }) => {
      const found = await longOutage(rig, times * 60_000);
      const broken = found.lost + found.doubled + found.overtaken + found.deadLetters;
      const memoryFlat = found.rssMiB.end < found.rssMiB.stored * 1.25;
      return { line: outageLine(times, found), kept: broken === 0 && memoryFlat };
    },
  },
  terminate: {
    times: 3,
    run: async (rig, { times }) => {
      const found = await repeat(times, (series) => terminated(rig, series));
      const both = roadResult(
        "",
        found.flatMap(({ inbound, outbound }) => [inbound, outbound]),
      );
      const exits = [...new Set(found.map(({ exitCode }) => exitCode))].join(", ");
      const longest = Math.max(...found.map(({ tookMs }) => tookMs));
      return {
        kept: both.kept && exits === "0",
        line: `${times} × SIGTERM with 200 queued and 100 webhooks in flight: exit ${exits}, at most ${Math.round(longest)} ms${both.line}`,
      };
    },
  },
} as const satisfies Record<string, Series>;

/** Name of a series. */
export type SeriesName = keyof typeof seriesTable;

/** Runs one series on a rig of its own. */
export async function runSeries(
  name: SeriesName,
  input: {
    readonly times?: number;
    readonly random: () => number;
    readonly rig: Parameters<typeof openRig>[0];
  },
): Promise<SeriesResult> {
  const series = seriesTable[name];
  await using rig = await openRig(input.rig);
  return await series.run(rig, { times: input.times ?? series.times, random: input.random });
}

async function repeat<T>(times: number, run: (index: number) => Promise<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for (let index = 0; index < times; index += 1) found.push(await run(index));
  return found;
}

function roadResult(name: string, tallies: readonly RoadTally[]): SeriesResult {
  const sum = (field: keyof RoadTally): number => tallies.reduce((total, tally) => total + tally[field], 0);
  const [lost, doubled, overtaken] = [sum("lost"), sum("doubled"), sum("overtaken")];
  return {
    kept: lost + doubled + overtaken === 0,
    line: `${name}: ${sum("total")} messages, ${lost} lost, ${doubled} twice, ${overtaken} out of order (${sum("repeats")} repeated under the same id)`,
  };
}

function timeResult(name: string, times: readonly number[]): SeriesResult {
  const [p50, p99] = [percentile(times, 0.5), percentile(times, 0.99)].map(Math.round);
  return {
    kept: times.every((ms) => ms < 2_000),
    line: `${name}: p50 ${p50} ms, p99 ${p99} ms, max ${Math.round(Math.max(...times))} ms`,
  };
}

function afterUp(found: readonly { readonly afterUpMs: number }[]): string {
  return `all there ${Math.round(Math.max(...found.map(({ afterUpMs }) => afterUpMs)) / 1_000)} s after it is back`;
}
