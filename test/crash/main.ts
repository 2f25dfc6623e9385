/**
 * `npm run crash -- --kills 1000 [--minutes N] [--seed N]`: kills the server at random moments and at every named point while
 * messages run both ways, and prints what was lost, doubled or overtaken.
 * `npm run crash -- --series NAME [--times N]`: one of the loads of `series/table.ts`, or `all` of them.
 * With `--postgres DSN` its rows are in a database made there for the run, which is dropped at its end.
 * With `--executable dist/wazapi` the server is the single executable (crash points always run from the sources).
 * Exit code 1 when a promise was broken.
 */
import { parseArgs } from "node:util";
import { seededRandom } from "../support/random.ts";
import { createDatabase } from "../support/database.ts";
import { openRig } from "../support/rig.ts";
import { printReport } from "./print-report.ts";
import { randomKills } from "./series/random-kills.ts";
import { runSeries, type SeriesName, seriesTable } from "./series/table.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string" },
    minutes: { type: "string", default: "120" },
    seed: { type: "string", default: "1" },
    series: { type: "string" },
    times: { type: "string" },
    executable: { type: "string" },
    postgres: { type: "string" },
  },
});
const random = seededRandom(Number(values.seed));
await using database = values.postgres === undefined ? undefined : await createDatabase(values.postgres);
const rigOptions = {
  ...(values.executable === undefined ? {} : { executable: values.executable }),
  ...(database === undefined ? {} : { env: { POSTGRES_DSN: database.dsn } }),
};
if (values.series !== undefined) await series(values.series);
if (values.series === undefined || values.kills !== undefined) await kills(Number(values.kills ?? 100));

async function kills(count: number): Promise<void> {
  const startedMs = performance.now();
  await using rig = await openRig(rigOptions);
  const report = await randomKills(rig, {
    kills: count,
    random,
    enough: () => performance.now() - startedMs > Number(values.minutes) * 60_000,
    progress: (killed) => {
      if (killed % 25 > 0) return;
      process.stderr.write(`${killed} of ${count} kills, ${Math.round((performance.now() - startedMs) / 1_000)} s\n`);
    },
  });
  if (!printReport(report)) process.exitCode = 1;
}

async function series(wanted: string): Promise<void> {
  const known = Object.keys(seriesTable) as SeriesName[]; // The keys of a literal are exactly its names.
  const names = wanted === "all" ? known : known.filter((name) => name === wanted);
  if (names.length === 0) throw new Error(`no series ${wanted}; there are ${known.join(", ")}`);
  for (const name of names) {
    const { line, kept } = await runSeries(name, {
      random,
      rig: rigOptions,
      ...(values.times === undefined ? {} : { times: Number(values.times) }),
    });
    process.stdout.write(`${kept ? "kept  " : "BROKEN"} ${line}\n`);
    if (!kept) process.exitCode = 1;
  }
}
