import type { Rig } from "../../support/rig.ts";
import { arrival } from "../arrival.ts";
import { pause } from "../pause.ts";
import { sendUntilAccepted } from "../send-until-accepted.ts";
import { type RoadTally, tallyOutbound } from "../tally.ts";

const to = "5511970000007";

/** 100 sends whose client repeats each under one Idempotency-Key until it is accepted, with five kills inside. */
export async function keyedSends(
  rig: Rig,
  input: { readonly series: number; readonly random: () => number },
): Promise<RoadTally> {
  await rig.connected();
  const { series, random } = input;
  const accepted: { readonly messageId: string; readonly text: string }[] = [];
  const killing = (async () => {
    for (let kill = 0; kill < 5; kill += 1) {
      await pause(50 + random() * 250);
      rig.server().kill("SIGKILL");
      await rig.server().exited;
      await rig.start();
      await rig.connected();
    }
  })();
  for (let count = 0; count < 100; count += 1) {
    accepted.push(await sendUntilAccepted(rig, { to, text: `series ${series}, message ${count}` }));
    await pause(10);
  }
  await killing;
  await arrival(rig, { outbound: { to, texts: accepted.map(({ text }) => text) } });
  const inbox = (await rig.inbox(to)).filter(({ text }) => text?.startsWith(`series ${series},`));
  return tallyOutbound(accepted, inbox);
}
