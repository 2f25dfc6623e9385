import { percentile, type RoadTally } from "./tally.ts";
import type { KillReport } from "./series/random-kills.ts";

/** Prints the table of a run; answers whether nothing was lost, doubled or overtaken. */
export function printReport(report: KillReport): boolean {
  const { inbound, outbound, recoveryMs } = report;
  const row = (name: string, tally: RoadTally): string =>
    `| ${name} | ${tally.total} | ${tally.lost} | ${tally.doubled} | ${tally.overtaken} | ${tally.repeats} |`;
  const lines = [
    `${report.kills} kills, ${report.atPoints} of them at a named point`,
    "",
    "| | messages | lost | twice under another id | out of order | repeated under the same id |",
    "|---|---|---|---|---|---|",
    row("in (WhatsApp → webhook)", inbound),
    row("out (API → recipient)", outbound),
    "",
    `events out of sequence at first arrival: ${report.sequenceInversions}`,
    `recovery, kill to connected session: p50 ${ms(percentile(recoveryMs, 0.5))}, p99 ${ms(percentile(recoveryMs, 0.99))} (${recoveryMs.length} measured)`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  return isClean(report);
}

/** Whether nothing was lost, doubled or overtaken. */
export function isClean({ inbound, outbound, sequenceInversions }: KillReport): boolean {
  return (
    [inbound, outbound].every((road) => road.lost + road.doubled + road.overtaken === 0) && sequenceInversions === 0
  );
}

function ms(value: number): string {
  return `${Math.round(value)} ms`;
}
