import type { Rig } from "../../support/rig.ts";
import { arrival } from "../arrival.ts";
import { pause } from "../pause.ts";
import { type RoadTally, tallyInbound } from "../tally.ts";

const contact = "5511980000008";

/** 50 messages in the first ten seconds of an outage of the receiver, with a kill of the server inside if wanted. */
export async function receiverDown(
  rig: Rig,
  input: { readonly downMs: number; readonly kill: boolean },
): Promise<RoadTally & { readonly afterUpMs: number }> {
  const before = (await rig.hits()).length;
  await rig.connected();
  await rig.receiver.down();
  const startedMs = performance.now();
  const sent: string[] = [];
  for (let count = 0; count < 50; count += 1) {
    const body = { to: rig.own, text: `while it is down ${count}` };
    sent.push(
      ...((await rig.sandbox("POST", `/contacts/${contact}/send`, body)) as { messageIds: string[] }).messageIds,
    );
    await pause(Math.min(200, input.downMs / 60));
    if (count === 30 && input.kill) {
      rig.server().kill("SIGKILL");
      await rig.server().exited;
      rig.spawn();
    }
  }
  await pause(input.downMs - (performance.now() - startedMs));
  await rig.receiver.up();
  const afterUpMs = await arrival(rig, { inbound: sent });
  return { ...tallyInbound([sent], await rig.hits(before)), afterUpMs };
}
