import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { openRig } from "../../support/rig.ts";
import { startHelper } from "../helper.ts";
import { openPoster } from "../load.ts";
import { inParallel, perSecond, runPairs } from "../measure.ts";
import type { Row } from "../row.ts";

const count = 2_000;
const atOnce = 32;
// The first one of the line waits so long, so nothing is sent meanwhile.
const request = { phone: "5511980000001", message: "a text of the usual length", delayMessage: 900 };

/** How fast messages are accepted. */
export const accept: Row = {
  what: `POST /send-text, ${atOnce} at a time, each on disk before its answer`,
  against: "bare h3 and the same insert",
  unit: "per second",
  run: async ({ rounds }) => {
    await using parts = new AsyncDisposableStack();
    const dir = await mkdtemp(join(tmpdir(), "wazapi-bench-"));
    parts.defer(() => rm(dir, { recursive: true, force: true }));
    const rig = parts.use(await openRig({ slots: "received" }));
    const bareServer = parts.use(startHelper("bare/http-process.ts"));
    const { url } = await bareServer.ask<{ url: string }>("listen", { path: join(dir, "bare.db") });
    const ours = `${rig.serverUrl}${rig.instancePath("/send-text")}`;
    const toOurs = parts.use(openPoster(ours, { headers: rig.headers, connections: atOnce }));
    const toBare = parts.use(openPoster(`${url}/send-text`, { connections: atOnce }));
    return await runPairs(rounds, {
      ours: () => perSecond(count, () => inParallel({ count, atOnce }, () => toOurs.post(request))),
      bare: () => perSecond(count, () => inParallel({ count, atOnce }, () => toBare.post(request))),
    });
  },
};
