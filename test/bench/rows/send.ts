import type { InboxEntry } from "#sandbox/shown.ts";
import { createSandboxClient } from "#sandbox/client.ts";

import { openRig } from "../../support/rig.ts";
import { startHelper } from "../helper.ts";
import { openPoster } from "../load.ts";
import { inParallel, perSecond, runPairs } from "../measure.ts";
import type { Row } from "../row.ts";

const count = 200;
const atOnce = 8;
const ourContact = "5511980000001";
const bareContact = "5511980000002";

/** How fast messages go from the API to the recipient, through the queue. */
export const send: Row = {
  what: "texts from POST /send-text until the recipient has decrypted the last one",
  against: "raw Baileys, sendMessage in a loop",
  unit: "per second",
  run: async ({ rounds }) => {
    await using parts = new AsyncDisposableStack();
    const rig = parts.use(await openRig({ slots: "received" }));
    const sandbox = createSandboxClient({ url: rig.sandboxUrl });
    const bare = parts.use(startHelper("bare/baileys-process.ts"));
    await bare.ask("pair", { sandboxUrl: rig.sandboxUrl, numbers: ["5511990000002"] });
    const ours = `${rig.serverUrl}${rig.instancePath("/send-text")}`;
    const poster = parts.use(openPoster(ours, { headers: rig.headers, connections: atOnce }));
    const arrivals = {
      [ourContact]: inboxReader(sandbox.inbox, ourContact),
      [bareContact]: inboxReader(sandbox.inbox, bareContact),
    };
    return await runPairs(rounds, {
      ours: () =>
        perSecond(count, () =>
          Promise.all([
            inParallel({ count, atOnce }, (n) => poster.post({ phone: ourContact, message: `message ${n}` })),
            arrivals[ourContact](count),
          ]),
        ),
      bare: () =>
        perSecond(count, () =>
          Promise.all([bare.ask("send", { to: bareContact, count }), arrivals[bareContact](count)]),
        ),
    });
  },
};

/** Waits until so many more messages have arrived. */
function inboxReader(
  inbox: (input: { number: string; since: number; waitSeconds: number }) => Promise<readonly InboxEntry[]>,
  number: string,
): (count: number) => Promise<void> {
  let since = 0;
  return async (count) => {
    for (let missing = count; missing > 0;) {
      const page = await inbox({ number, since, waitSeconds: 30 });
      if (page.length === 0) throw new Error(`${missing} messages have not arrived`);
      missing -= page.length;
      since = page.at(-1)?.seq ?? since;
    }
  };
}
