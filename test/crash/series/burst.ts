import type { Rig } from "../../support/rig.ts";
import { arrival } from "../arrival.ts";
import { pause } from "../pause.ts";
import { type RoadTally, sequenceInversions, tallyInbound } from "../tally.ts";

const contact = "5511980000009";

/** 500 inbound messages at a time of five bursts, the server killed 5 to 100 ms after the beginning of each. */
export async function burstWithKills(rig: Rig, random: () => number): Promise<RoadTally> {
  const before = (await rig.hits()).length;
  const sent: string[] = [];
  for (let kill = 0; kill < 5; kill += 1) {
    if (!rig.server().isRunning()) await rig.start();
    await rig.connected();
    const burst = rig.sandbox("POST", `/contacts/${contact}/send`, { to: rig.own, text: "burst {n}", count: 100 });
    await pause(5 + random() * 95);
    rig.server().kill("SIGKILL");
    await rig.server().exited;
    sent.push(...((await burst) as { messageIds: string[] }).messageIds);
  }
  await rig.start();
  await arrival(rig, { inbound: sent });
  const hits = await rig.hits(before);
  const tally = tallyInbound([sent], hits);
  return { ...tally, overtaken: tally.overtaken + sequenceInversions(await rig.hits()) };
}
