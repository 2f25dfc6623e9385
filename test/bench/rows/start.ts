import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { until } from "../../support/processes.ts";
import { openRig } from "../../support/rig.ts";
import { startHelper } from "../helper.ts";
import { runPairs } from "../measure.ts";
import type { Row } from "../row.ts";

/** How soon a restarted server works again. */
export const start: Row = {
  what: "start of a server with one paired number until it is ready",
  against: "Node with bare h3 and SQLite, until it listens",
  unit: "ms",
  run: async ({ rounds }) => {
    await using parts = new AsyncDisposableStack();
    const dir = await mkdtemp(join(tmpdir(), "wazapi-bench-"));
    parts.defer(() => rm(dir, { recursive: true, force: true }));
    const rig = parts.use(await openRig({ slots: "received" }));
    const connectedMs: number[] = [];
    const measured = await runPairs(rounds, {
      ours: async () => {
        rig.server().kill("SIGTERM");
        await rig.server().exited;
        const startedMs = performance.now();
        rig.spawn();
        await until(isReady(`${rig.serverUrl}/ready`), { what: "a ready server", withinMs: 30_000, everyMs: 5 });
        const tookMs = performance.now() - startedMs;
        connectedMs.push(await rig.connected(startedMs));
        return tookMs;
      },
      bare: async () => {
        const startedMs = performance.now();
        await using bare = startHelper("bare/http-process.ts");
        await bare.ask("listen", { path: join(dir, "bare.db") });
        return performance.now() - startedMs;
      },
    });
    return { ...measured, facts: { "until the number is connected again, ms": Math.min(...connectedMs) } };
  },
};

function isReady(url: string): () => Promise<boolean> {
  return () =>
    fetch(url).then(
      (answer) => answer.ok,
      () => false,
    );
}
