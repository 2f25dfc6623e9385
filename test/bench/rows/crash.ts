import { randomKills } from "../../crash/series/random-kills.ts";
import { percentile } from "../../crash/tally.ts";
import { seededRandom } from "../../support/random.ts";
import { openRig } from "../../support/rig.ts";
import type { Row } from "../row.ts";

const kills = 20;

/** What is broken by SIGKILL; `npm run crash` does it a thousand times. One round. */
export const crash: Row = {
  what: `messages lost, sent twice or out of order after ${kills} kills at random and at named points`,
  against: "none allowed",
  unit: "messages",
  run: async () => {
    await using rig = await openRig();
    const report = await randomKills(rig, { kills, random: seededRandom(1) });
    const { inbound, outbound, recoveryMs } = report;
    const broken = [inbound, outbound].map((road) => road.lost + road.doubled + road.overtaken);
    return {
      ours: [(broken[0] ?? 0) + (broken[1] ?? 0) + report.sequenceInversions],
      bare: [],
      facts: {
        "messages in": inbound.total,
        "messages out": outbound.total,
        "repeated under the same id": inbound.repeats + outbound.repeats,
        "ms to a connected session, p50": percentile(recoveryMs, 0.5),
      },
    };
  },
};
