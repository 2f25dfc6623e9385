/**
 * `npm run crash -- --kills 1000 [--seed N]`: kills the server at random moments and at every named point while
 * messages run both ways, and prints what was lost, doubled or overtaken. Exit code 1 when anything was.
 */
import { parseArgs } from "node:util";
import { openRig } from "../support/rig.ts";
import { seededRandom } from "../support/random.ts";
import { printReport } from "./print-report.ts";
import { randomKills } from "./series/random-kills.ts";

const { values } = parseArgs({
  options: { kills: { type: "string", default: "100" }, seed: { type: "string", default: "1" } },
});
const kills = Number(values.kills);
const startedMs = performance.now();
await using rig = await openRig();
const report = await randomKills(rig, {
  kills,
  random: seededRandom(Number(values.seed)),
  progress: (killed) => {
    if (killed % 25 === 0) process.stderr.write(`${killed} of ${kills} kills, ${Math.round((performance.now() - startedMs) / 1_000)} s\n`);
  },
});
process.exitCode = printReport(report) ? 0 : 1;
