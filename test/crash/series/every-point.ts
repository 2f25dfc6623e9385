import type { Rig } from "../../support/rig.ts";
import { arrival } from "../arrival.ts";
import { pause } from "../pause.ts";
import { type CrashPoint, crashMethods, pointText } from "../points.ts";
import { sendUntilAccepted } from "../send-until-accepted.ts";
import { type RoadTally, sequenceInversions, tallyInbound, tallyOutbound } from "../tally.ts";

/** What a visit to every named point found. */
export interface PointsReport {
  readonly points: number;
  /** Points at which the server did not end itself: nothing was tried there. */
  readonly missed: readonly string[];
  readonly inbound: RoadTally;
  readonly outbound: RoadTally;
}

/** Every named point once: before and after each commit that a message passes. */
const everyPoint: readonly CrashPoint[] = crashMethods.flatMap((method) =>
  (["before", "after"] as const).map((when) => ({ method, when, nth: 1 })),
);

/** Longest wait for a server to reach its point with messages on both roads. */
const reachMs = 60_000;

/** Lets the server end itself at one point after the other while a message comes in and one goes out, and counts. */
export async function atEveryPoint(rig: Rig, round = 0): Promise<PointsReport> {
  const contact = `55119800${round}0077`;
  const to = `55119700${round}0077`;
  const before = (await rig.hits()).length;
  const sent: string[] = [];
  const missed: string[] = [];
  const accepting: ReturnType<typeof sendUntilAccepted>[] = [];
  for (const [index, point] of everyPoint.entries()) {
    await rig.server()[Symbol.asyncDispose]();
    const server = rig.spawn({ CRASH_POINT: pointText(point) });
    const text = `out ${round} ${index}`;
    const last = accepting.at(-1);
    // One after the other, so that their order is known; the last is accepted at the latest by the next server.
    accepting.push((last ?? Promise.resolve()).then(() => sendUntilAccepted(rig, { to, text })));
    const { messageIds } = (await rig.sandbox("POST", `/contacts/${contact}/send`, {
      to: rig.own,
      text: `in ${round} ${index}`,
    })) as { messageIds: string[] };
    sent.push(...messageIds);
    await pause(reachMs, server.exited);
    if (server.isRunning()) missed.push(pointText(point));
  }
  await rig.server()[Symbol.asyncDispose]();
  await rig.start();
  const accepted = await Promise.all(accepting);
  await arrival(rig, { inbound: sent, outbound: { to, texts: accepted.map(({ text }) => text) } });
  const [hits, inbox] = [await rig.hits(before), await rig.inbox(to)];
  const inbound = tallyInbound([sent], hits);
  return {
    points: everyPoint.length,
    missed,
    inbound: { ...inbound, overtaken: inbound.overtaken + sequenceInversions(await rig.hits()) },
    outbound: tallyOutbound(accepted, inbox),
  };
}
