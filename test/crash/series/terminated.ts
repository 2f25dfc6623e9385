import type { Rig } from "../../support/rig.ts";
import { arrival } from "../arrival.ts";
import { pause } from "../pause.ts";
import { type RoadTally, tallyInbound, tallyOutbound } from "../tally.ts";

const from = "5511980000006";
const to = "5511970000006";

/** What a SIGTERM with a full queue and webhooks in flight led to. */
export interface Termination {
  readonly exitCode: number | string;
  readonly tookMs: number;
  readonly inbound: RoadTally;
  readonly outbound: RoadTally;
}

/** Fills the queue, keeps webhooks in flight at a slow receiver, and terminates. `series` tells repetitions apart. */
export async function terminated(rig: Rig, series: number): Promise<Termination> {
  await rig.connected();
  const before = (await rig.hits()).length;
  await rig.behave({ mode: "ok", delayMs: 300 });
  const burst = (await rig.sandbox("POST", `/contacts/${from}/send`, {
    to: rig.own,
    text: "before the end {n}",
    count: 100,
  })) as {
    messageIds: string[];
  };
  const accepted: { readonly messageId: string; readonly text: string }[] = [];
  for (let count = 0; count < 200; count += 1) {
    const text = `series ${series}, message ${count}`;
    const answer = await rig.api("POST", rig.instancePath("/send-text"), { phone: to, message: text });
    if (!answer.ok) throw new Error(`send-text: ${answer.status}`);
    accepted.push({ text, messageId: ((await answer.json()) as { messageId: string }).messageId });
  }
  const startedMs = performance.now();
  rig.server().kill("SIGTERM");
  const exitCode = await rig.server().exited;
  const tookMs = performance.now() - startedMs;
  await rig.behave({ mode: "ok" });
  await pause(100);
  await rig.start();
  await arrival(rig, { inbound: burst.messageIds, outbound: { to, texts: accepted.map(({ text }) => text) } });
  return {
    exitCode,
    tookMs,
    inbound: tallyInbound([burst.messageIds], await rig.hits(before)),
    outbound: tallyOutbound(accepted, await rig.inbox(to)),
  };
}
