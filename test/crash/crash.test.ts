import { expect, test } from "vitest";
import { seededRandom } from "../support/random.ts";
import { openRig } from "../support/rig.ts";
import { crashMethods, parsePoint, pointText } from "./points.ts";
import { isClean } from "./print-report.ts";
import { atEveryPoint } from "./series/every-point.ts";
import { randomKills } from "./series/random-kills.ts";
import { takeovers } from "./series/recovery.ts";
import { sequenceInversions } from "./tally.ts";

test("killed again and again: nothing is lost, doubled or overtaken", { timeout: 180_000 }, async () => {
  await using rig = await openRig();
  const report = await randomKills(rig, { kills: 5, random: seededRandom(26) });
  expect(report.inbound.total).toBeGreaterThan(0);
  expect(report.outbound.total).toBeGreaterThan(0);
  expect(report.atPoints).toBeGreaterThan(0);
  expect({ ...report, clean: isClean(report) }).toMatchObject({
    clean: true,
    inbound: { lost: 0, doubled: 0, overtaken: 0 },
    outbound: { lost: 0, doubled: 0, overtaken: 0 },
    sequenceInversions: 0,
  });
  // The same sandbox, data and numbers: a standby takes over from a leader that dies.
  expect(await takeovers(rig, 1)).toHaveLength(1);
});

test("killed once at every named point: nothing is lost, doubled or overtaken", { timeout: 300_000 }, async () => {
  await using rig = await openRig();
  const nothing = { lost: 0, doubled: 0, overtaken: 0 };
  expect(await atEveryPoint(rig)).toMatchObject({
    points: crashMethods.length * 2,
    missed: [],
    inbound: { ...nothing, total: crashMethods.length * 2 },
    outbound: { ...nothing, total: crashMethods.length * 2 },
  });
});

test("tally: an event that comes again is no step back, one that first comes late is", () => {
  const hits = (...sequences: readonly number[]) =>
    sequences.map((sequence) => ({
      eventId: `evt_${sequence}`,
      sequence,
      attempt: 1,
      path: "/hook",
      at: 0,
      accepted: true,
      type: "ReceivedCallback",
      messageIds: [],
      fromMe: false,
    }));
  expect(sequenceInversions(hits(5, 6, 5, 6, 7))).toBe(0);
  expect(sequenceInversions(hits(5, 7, 6))).toBe(1);
});

test.each(crashMethods)("crash point %s: its text names it", (method) => {
  for (const when of ["before", "after"] as const) {
    const point = { method, when, nth: 3 };
    expect(parsePoint(pointText(point))).toEqual(point);
  }
});
