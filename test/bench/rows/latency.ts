import { setTimeout as wait } from "node:timers/promises";

import { createSandboxClient } from "#sandbox/client.ts";

import { percentile } from "../../crash/tally.ts";
import { openRig } from "../../support/rig.ts";
import { startHelper } from "../helper.ts";
import { runPairs } from "../measure.ts";
import type { Row } from "../row.ts";
import { watchWebhooks } from "../webhooks.ts";

const count = 100;
const pauseMs = 25;
const contact = "5511980000001";
const bareNumber = "5511990000002";

/** How long one message takes when there is no crowd. */
export const latency: Row = {
  what: "p50 from a contact's send to the webhook, 40 a second",
  against: "raw Baileys, p50 to messages.upsert",
  unit: "ms",
  run: async ({ rounds }) => {
    await using parts = new AsyncDisposableStack();
    const rig = parts.use(await openRig({ slots: "received" }));
    const webhooks = parts.use(await watchWebhooks(rig));
    const sandbox = createSandboxClient({ url: rig.sandboxUrl });
    const bare = parts.use(startHelper("bare/baileys-process.ts"));
    await bare.ask("pair", { sandboxUrl: rig.sandboxUrl, numbers: [bareNumber] });
    /** Messages of one contact arrive in the order of sending, so the two lists pair up. */
    const sendAll = async (to: string): Promise<readonly number[]> => {
      const sentAt: number[] = [];
      for (let n = 0; n < count; n += 1) {
        sentAt.push(performance.timeOrigin + performance.now());
        await Promise.all([sandbox.contactSend({ number: contact, to, content: { text: "hello" } }), wait(pauseMs)]);
      }
      return sentAt;
    };
    const all = { ours: [] as number[], bare: [] as number[] };
    const p50 = async (kept: number[], to: string, arrivals: Promise<readonly number[]>): Promise<number> => {
      const sentAt = await sendAll(to);
      const tookMs = (await arrivals).slice(0, count).map((at, index) => at - (sentAt[index] ?? at));
      kept.push(...tookMs);
      return percentile(tookMs, 0.5);
    };
    const measured = await runPairs(rounds, {
      ours: () => {
        webhooks.reset();
        return p50(all.ours, rig.own, webhooks.arrivals(count));
      },
      bare: async () => {
        await bare.ask("reset");
        return await p50(all.bare, bareNumber, bare.ask("arrivals", { count }));
      },
    });
    return {
      ...measured,
      facts: { "p99 ms": percentile(all.ours, 0.99), "yardstick p99 ms": percentile(all.bare, 0.99) },
    };
  },
};
