/**
 * `npm run soak -- [--minutes 10] [--rate 20] [--warmup 3]`: so many messages a second, half of them in each direction,
 * with a retention of seconds; prints how memory, handles, timers and rows changed after the warm-up.
 * `npm run soak -- --hours 24`: a day of everything that runs by the clock, simulated against a real database file.
 * Exit code 1 when something grows, or when a message was lost, doubled or overtaken.
 */
import { parseArgs } from "node:util";
import { simulateHours } from "./simulated.ts";
import { soak } from "./soak.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    rate: { type: "string", default: "20" },
    warmup: { type: "string" },
    hours: { type: "string" },
  },
});
const minutes = Number(values.minutes);
const flat =
  values.hours === undefined
    ? await soak({
        minutes,
        rate: Number(values.rate),
        warmupMinutes: Number(values.warmup ?? Math.min(3, minutes * 0.4)),
      })
    : await simulateHours(Number(values.hours));
if (!flat) process.exitCode = 1;
