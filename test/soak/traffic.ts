import { pause } from "../crash/pause.ts";
import type { Rig } from "../support/rig.ts";

/** What went in, in order. */
export interface Traffic {
  /** Ids of what each contact wrote. */
  readonly received: readonly string[][];
  readonly sent: { readonly messageId: string; readonly text: string }[];
  /** Ends the traffic; resolves when the last of it was accepted. */
  readonly stop: () => Promise<void>;
}

const contacts = ["5511980000011", "5511980000012", "5511980000013", "5511980000014"] as const;

/** Where everything that is sent goes. */
export const recipient = "5511970000011";

/** `rate` messages a second, every other one in each direction, evenly, until it is stopped. */
export function startTraffic(rig: Rig, rate: number): Traffic {
  const received = contacts.map((): string[] => []);
  const sent: { messageId: string; text: string }[] = [];
  const stop = new AbortController();
  const startedMs = performance.now();
  /** Keeps to the rate on average: a slow second is made up for. */
  const pace = async (act: (count: number) => Promise<void>): Promise<void> => {
    for (let count = 0; !stop.signal.aborted; count += 1) {
      await act(count);
      await pause(Math.max(0, startedMs + ((count + 1) * 2_000) / rate - performance.now()));
    }
  };
  const inbound = pace(async (count) => {
    const which = count % contacts.length;
    const body = { to: rig.own, text: `in ${count}` };
    const answer = (await rig.sandbox("POST", `/contacts/${contacts[which]}/send`, body)) as { messageIds: string[] };
    received[which]?.push(...answer.messageIds);
  });
  const outbound = pace(async (count) => {
    const text = `out ${count}`;
    const response = await rig.api("POST", rig.instancePath("/send-text"), { phone: recipient, message: text });
    if (!response.ok) throw new Error(`send-text: ${response.status} ${await response.text()}`);
    sent.push({ text, messageId: ((await response.json()) as { messageId: string }).messageId });
  });
  return {
    received,
    sent,
    stop: async () => {
      stop.abort();
      await Promise.all([inbound, outbound]);
    },
  };
}
