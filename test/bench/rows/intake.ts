import { createSandboxClient } from "#sandbox/client.ts";

import { openRig } from "../../support/rig.ts";
import { startHelper } from "../helper.ts";
import { perSecond, runPairs } from "../measure.ts";
import type { Row } from "../row.ts";
import { watchWebhooks } from "../webhooks.ts";

const count = 500;
const contact = "5511980000001";
const bareNumber = "5511990000002";

/** How fast a backlog of messages comes in. */
export const intake: Row = {
  what: "texts from a contact until the webhook has received the last one",
  against: "raw Baileys, messages.upsert alone",
  unit: "per second",
  run: async ({ rounds }) => {
    await using parts = new AsyncDisposableStack();
    const rig = parts.use(await openRig({ slots: "received" }));
    const webhooks = parts.use(await watchWebhooks(rig));
    const sandbox = createSandboxClient({ url: rig.sandboxUrl });
    const bare = parts.use(startHelper("bare/baileys-process.ts"));
    await bare.ask("pair", { sandboxUrl: rig.sandboxUrl, numbers: [bareNumber] });
    const burst = (to: string): Promise<unknown> =>
      sandbox.contactSend({ number: contact, to, content: { text: "hello" }, count });
    return await runPairs(rounds, {
      ours: () => {
        webhooks.reset();
        return perSecond(count, () => Promise.all([burst(rig.own), webhooks.arrivals(count)]));
      },
      bare: async () => {
        await bare.ask("reset");
        return await perSecond(count, () => Promise.all([burst(bareNumber), bare.ask("arrivals", { count })]));
      },
    });
  },
};
