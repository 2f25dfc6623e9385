import { type Measured, median } from "./measure.ts";
import type { Row } from "./row.ts";

/** A row with what it measured. */
export interface Result extends Omit<Row, "run">, Measured {
  readonly name: string;
}

/** Prints the results to stdout. */
export function printResults(results: readonly Result[], form: "table" | "json"): void {
  const text = form === "json" ? JSON.stringify(results.map(summaryOf), null, 2) : tableOf(results);
  process.stdout.write(`${text}\n`);
}

function summaryOf(result: Result) {
  const [ours, bare] = [median(result.ours), median(result.bare)];
  return { ...result, median: { ours, bare }, ratio: ours / bare };
}

function tableOf(results: readonly Result[]): string {
  const cells = [
    ["row", "wazapi", "yardstick", "ratio", "what", "against"],
    ["---", "---:", "---:", "---:", "---", "---"],
    ...results
      .map(summaryOf)
      .map(({ name, unit, median: { ours, bare }, ratio, what, against, facts }) => [
        name,
        figure(ours, unit),
        figure(bare, unit),
        Number.isNaN(ratio) ? "–" : ratio.toFixed(2),
        [what, ...Object.entries(facts ?? {}).map(([fact, value]) => `${fact} ${round(value)}`)].join("; "),
        against,
      ]),
  ];
  return cells.map((line) => `| ${line.join(" | ")} |`).join("\n");
}

function figure(value: number, unit: Result["unit"]): string {
  if (Number.isNaN(value)) return "–";
  return unit === "per second" ? `${round(value)}/s` : `${round(value)} ${unit}`;
}

/** Three digits that matter. */
function round(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString("en", { useGrouping: false });
}
