import { readFileSync } from "node:fs";
import { freePort, startNode, until } from "../../support/processes.ts";
import type { Hit, Rig } from "../../support/rig.ts";
import { arrival } from "../arrival.ts";
import { pause } from "../pause.ts";
import { percentile, type RoadTally, sequenceInversions, tallyInbound } from "../tally.ts";

const contact = "5511980000005";
const to = "5511970000005";

/** What a long outage of one endpoint did to it, to another one, and to the server's memory. */
export interface Outage extends RoadTally {
  readonly deadLetters: number;
  /** From the return of the endpoint to the last event. */
  readonly afterUpMs: number;
  /** From a send to its status at the other endpoint, while the first was down. */
  readonly otherHookMs: readonly number[];
  /** Resident memory of the server after the 5 000 events were stored, and at the end of the outage. */
  readonly rssMiB: { readonly stored: number; readonly end: number };
}

/** 5 000 inbound messages behind one endpoint that is down, while another one of the same instance goes on. */
export async function longOutage(rig: Rig, downMs: number): Promise<Outage> {
  await rig.connected();
  const before = (await rig.hits()).length;
  const [control, hook] = [await freePort(), await freePort()];
  await using _other = startNode(["test/crash/receiver-process.ts", String(control), String(hook)]);
  const otherHits = async (): Promise<readonly Hit[]> =>
    (await (await fetch(`http://127.0.0.1:${control}/log`)).json()) as readonly Hit[];
  await until(
    () =>
      otherHits().then(
        () => true,
        () => false,
      ),
    { what: "the other receiver", withinMs: 20_000 },
  );
  await rig.api("PUT", rig.instancePath("/update-webhook-message-status"), { value: `http://127.0.0.1:${hook}/hook` });
  await rig.receiver.down();
  const startedMs = performance.now();
  const sent: string[] = [];
  for (let batch = 0; batch < 50; batch += 1) {
    const body = { to: rig.own, text: "outage {n}", count: 100 };
    sent.push(
      ...((await rig.sandbox("POST", `/contacts/${contact}/send`, body)) as { messageIds: string[] }).messageIds,
    );
    await pause(200);
  }
  const otherHookMs: number[] = [];
  let stored = 0;
  while (performance.now() - startedMs < downMs) {
    const sentAt = performance.now();
    const answer = await rig.api("POST", rig.instancePath("/send-text"), { phone: to, message: "are you there" });
    const { messageId } = (await answer.json()) as { messageId: string };
    const seen = async (): Promise<boolean> =>
      (await otherHits()).some(({ messageIds }) => messageIds.includes(messageId));
    await until(seen, { what: "a status at the other endpoint", withinMs: 60_000, everyMs: 10 });
    otherHookMs.push(performance.now() - sentAt);
    stored ||= rssMiB(rig);
    await pause(Math.min(10_000, downMs / 10));
  }
  const end = rssMiB(rig);
  await rig.receiver.up();
  const afterUpMs = await arrival(rig, { inbound: sent });
  const hits = await rig.hits(before);
  const tally = tallyInbound([sent], hits);
  const stats = await (await rig.api("GET", rig.instancePath("/dlq/stats"))).json();
  return {
    ...tally,
    overtaken: tally.overtaken + sequenceInversions(await rig.hits()),
    deadLetters: (stats as { total_events: number }).total_events,
    afterUpMs,
    otherHookMs,
    rssMiB: { stored, end },
  };
}

/** The line of the table. */
export function outageLine(minutes: number, found: Outage): string {
  const [p50, max] = [percentile(found.otherHookMs, 0.5), Math.max(...found.otherHookMs)].map(Math.round);
  return (
    `${minutes} minutes' outage of one endpoint, 5 000 events behind it: ${found.total} messages, ${found.lost} lost, ` +
    `${found.doubled} twice, ${found.overtaken} out of order, ${found.deadLetters} dead letters; all there ` +
    `${Math.round(found.afterUpMs / 1_000)} s after it is back; another endpoint meanwhile: p50 ${p50} ms, max ${max} ms; ` +
    `memory ${found.rssMiB.stored} → ${found.rssMiB.end} MiB`
  );
}

function rssMiB(rig: Rig): number {
  const status = readFileSync(`/proc/${rig.server().pid}/status`, "utf8");
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024);
}
