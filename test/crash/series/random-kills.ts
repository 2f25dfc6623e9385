import type { Rig } from "../../support/rig.ts";
import { pause } from "../pause.ts";
import { crashMethods, pointText } from "../points.ts";
import { arrival } from "../arrival.ts";
import { sendUntilAccepted } from "../send-until-accepted.ts";
import { type RoadTally, sequenceInversions, tallyInbound, tallyOutbound } from "../tally.ts";

/** What a run of kills found. */
export interface KillReport {
  readonly kills: number;
  /** Kills at a named point of the code path; the others came at a random moment. */
  readonly atPoints: number;
  readonly inbound: RoadTally;
  readonly outbound: RoadTally;
  /** Steps back in the sequence of events at first arrival. */
  readonly sequenceInversions: number;
  /** Milliseconds from each kill to a connected session, where the process lived that long. */
  readonly recoveryMs: readonly number[];
}

const contacts = ["5511980000001", "5511980000002", "5511980000003"] as const;
const outboundTo = "5511970000001";

/**
 * Kills the server again and again with SIGKILL while messages run both ways, lets it come to rest, and counts. Half of
 * the kills come at a random moment, half at a named point; what arrives while the server is dead counts as well.
 */
export async function randomKills(
  rig: Rig,
  input: {
    readonly kills: number;
    /** Ends the killing earlier; what was found until then is reported. */
    readonly enough?: () => boolean;
    readonly random: () => number;
    readonly progress?: (killed: number) => void;
  },
): Promise<KillReport> {
  const { random } = input;
  const sent = contacts.map((): string[] => []);
  const accepted: { readonly messageId: string; readonly text: string }[] = [];
  const recoveryMs: number[] = [];
  const stop = new AbortController();
  const wanted = { inbound: 0, outbound: 0 };
  const roads = [
    inboundRoad(rig, { sent, wanted, stop: stop.signal }),
    outboundRoad(rig, { accepted, wanted, stop: stop.signal }),
  ];
  let atPoints = 0;
  let kills = 0;

  while (kills < input.kills && input.enough?.() !== true) {
    const point = random() < 0.5 ? randomPoint(random) : undefined;
    await rig.server()[Symbol.asyncDispose]();
    const killedAt = performance.now();
    const server = rig.spawn(point === undefined ? {} : { CRASH_POINT: pointText(point) });
    wanted.inbound += 1 + Math.floor(random() * 12);
    wanted.outbound += 1 + Math.floor(random() * 6);
    if (point === undefined && random() < 0.2) {
      // Somewhere in the start itself.
      await pause(random() * 1_200, server.exited);
    } else {
      await Promise.race([
        rig.connected(killedAt).then(
          (ms) => recoveryMs.push(ms),
          () => {},
        ),
        server.exited,
      ]);
      await pause(point === undefined ? random() * 300 : 400, server.exited);
    }
    if (point !== undefined && !server.isRunning()) atPoints += 1;
    server.kill("SIGKILL");
    await server.exited;
    kills += 1;
    input.progress?.(kills);
  }

  stop.abort();
  await rig.server()[Symbol.asyncDispose]();
  await rig.start();
  await Promise.all(roads);
  await arrival(rig, { inbound: sent.flat(), outbound: { to: outboundTo, texts: accepted.map(({ text }) => text) } });
  const [hits, inbox] = [await rig.hits(), await rig.inbox(outboundTo)];
  return {
    kills,
    atPoints,
    inbound: tallyInbound(sent, hits),
    outbound: tallyOutbound(accepted, inbox),
    sequenceInversions: sequenceInversions(hits),
    recoveryMs,
  };
}

function randomPoint(random: () => number): Parameters<typeof pointText>[0] {
  const method = crashMethods[Math.floor(random() * crashMethods.length)] ?? "events.persist";
  return { method, when: random() < 0.5 ? "before" : "after", nth: 1 + Math.floor(random() * 5) };
}

interface Wanted {
  inbound: number;
  outbound: number;
}

/** Contacts write as many messages as are wanted, whether the server lives or not. */
async function inboundRoad(
  rig: Rig,
  input: { readonly sent: readonly string[][]; readonly wanted: Wanted; readonly stop: AbortSignal },
): Promise<void> {
  let count = 0;
  while (!input.stop.aborted || count < input.wanted.inbound) {
    if (count >= input.wanted.inbound) {
      await pause(10);
      continue;
    }
    const index = count % contacts.length;
    const answer = (await rig.sandbox("POST", `/contacts/${contacts[index]}/send`, {
      to: rig.own,
      text: `in ${count}`,
    })) as {
      messageIds: string[];
    };
    input.sent[index]?.push(...answer.messageIds);
    count += 1;
  }
}

/** A client that sends one message after the other and repeats each under its key until it is accepted. */
async function outboundRoad(
  rig: Rig,
  input: {
    readonly accepted: { readonly messageId: string; readonly text: string }[];
    readonly wanted: Wanted;
    readonly stop: AbortSignal;
  },
): Promise<void> {
  let count = 0;
  while (!input.stop.aborted || count < input.wanted.outbound) {
    if (count >= input.wanted.outbound) {
      await pause(10);
      continue;
    }
    input.accepted.push(await sendUntilAccepted(rig, { to: outboundTo, text: `out ${count}` }));
    count += 1;
  }
}
