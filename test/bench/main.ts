/**
 * `npm run bench [-- NAME…] [--json] [--rounds N]`: what the program does, held against the least that could do it, as
 * ratios of medians of paired rounds in one run. Figures of one machine say little; ratios travel.
 */
import { parseArgs } from "node:util";

import { printResults, type Result } from "./report.ts";
import { isRowName, type RowName, rowNames, rows } from "./rows.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean", default: false }, rounds: { type: "string", default: "5" } },
});
const rounds = Number(values.rounds);
const unknown = positionals.filter((name) => !isRowName(name));
if (unknown.length > 0 || !Number.isInteger(rounds) || rounds < 1) {
  console.error(`usage: npm run bench [-- NAME…] [--json] [--rounds N]; names: ${rowNames.join(", ")}`);
  process.exit(2);
}

const results: Result[] = [];
for (const name of positionals.length === 0 ? rowNames : positionals.filter(isRowName)) {
  results.push(await measure(name));
}
printResults(results, values.json ? "json" : "table");
// Some packages keep timers for queries that nobody waits for any more.
process.exit();

async function measure(name: RowName): Promise<Result> {
  const row = rows[name];
  console.error(`${name}: ${row.what}`);
  const startedMs = performance.now();
  const measured = await row.run({ rounds });
  console.error(`${name}: done in ${Math.round((performance.now() - startedMs) / 1000)} s`);
  return { name, what: row.what, against: row.against, unit: row.unit, ...measured };
}
