import { arrival } from "../crash/arrival.ts";
import { pause } from "../crash/pause.ts";
import { sequenceInversions, tallyInbound, tallyOutbound } from "../crash/tally.ts";
import { openRig } from "../support/rig.ts";
import { growthOf, growthTable } from "./growth.ts";
import { noiseOf, takeSample, type Sample } from "./sample.ts";
import { recipient, startTraffic } from "./traffic.ts";

/** Rows live seconds, so that after the warm-up as many go as come. */
const retention = {
  WAZAPI_KEEP_EVENTS: "20s",
  WAZAPI_KEEP_SENT: "20s",
  WAZAPI_KEEP_FAILED: "20s",
  WAZAPI_KEEP_MESSAGES: "20s",
  WAZAPI_KEEP_JOURNAL: "20s",
  WAZAPI_KEEP_CONNECTIONS: "20s",
  WAZAPI_RETENTION_EVERY: "3s",
};

/** Runs the load and answers whether everything stayed flat and nothing was lost, doubled or overtaken. */
export async function soak(input: {
  readonly minutes: number;
  readonly rate: number;
  readonly warmupMinutes: number;
}): Promise<boolean> {
  await using rig = await openRig({ env: retention });
  const traffic = startTraffic(rig, input.rate);
  const samples: { readonly at: number; readonly sample: Sample }[] = [];
  const startedMs = performance.now();
  const seconds = (): number => (performance.now() - startedMs) / 1_000;
  // About a hundred points, however long it takes.
  const everyMs = Math.max(1_000, (input.minutes * 60_000) / 150);
  while (seconds() < input.minutes * 60) {
    await pause(everyMs);
    samples.push({ at: seconds(), sample: await takeSample(rig) });
    if (samples.length % 15 === 0) {
      const { "resident MiB": resident = 0 } = samples.at(-1)?.sample ?? {};
      const moved = `${traffic.received.flat().length} in, ${traffic.sent.length} out`;
      process.stderr.write(`${Math.round(seconds())} s: ${moved}, ${Math.round(resident)} MiB\n`);
    }
  }
  await traffic.stop();
  const inbound = traffic.received.flat();
  await arrival(rig, { inbound, outbound: { to: recipient, texts: traffic.sent.map(({ text }) => text) } });

  const warm = samples.filter(({ at }) => at >= input.warmupMinutes * 60);
  const names = Object.keys(warm[0]?.sample ?? {});
  const all = names.map((name) => {
    const points = warm.map(({ at, sample }) => ({ at, value: sample[name] ?? 0 }));
    return growthOf(name, points, noiseOf(name, points[0]?.value ?? 0));
  });
  const hits = await rig.hits();
  const roads = [tallyInbound(traffic.received, hits), tallyOutbound(traffic.sent, await rig.inbox(recipient))];
  const broken = roads.reduce((sum, { lost, doubled, overtaken }) => sum + lost + doubled + overtaken, 0);
  const lines = [
    `${input.minutes} minutes at ${input.rate} messages a second, half each way, the first ${input.warmupMinutes} as warm-up`,
    "",
    growthTable(all.filter(({ first, last, grows }) => grows || first !== last || first > 0)),
    "",
    ...roads.map(
      ({ total, lost, doubled, overtaken }, index) =>
        `${index === 0 ? "in" : "out"}: ${total} messages, ${lost} lost, ${doubled} twice, ${overtaken} out of order`,
    ),
    `events out of sequence: ${sequenceInversions(hits)}`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  return broken + sequenceInversions(hits) === 0 && !all.some(({ grows }) => grows);
}
