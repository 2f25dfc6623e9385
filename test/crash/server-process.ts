/**
 * The server with a crash point: `node server-process.ts DATA_DIR PORT SANDBOX_URL`, the point in `CRASH_POINT`. Runs
 * the same `openApp` as `wazapi serve`.
 */
import { loadConfig } from "#config/load.ts";
import { systemClock } from "#lib/clock.ts";
import { createLog } from "#observe/log.ts";
import { openApp } from "#app.ts";
import { crashingStore, parsePoint } from "./points.ts";

const [dataDir, port, sandboxUrl] = process.argv.slice(2);
const { CRASH_POINT: point, ...env } = process.env;
const { config } = loadConfig({ flags: { dataDir, port, "sandbox.url": sandboxUrl }, env, cwd: process.cwd() });
const app = await openApp(
  config,
  {
    log: createLog(config.log),
    clock: systemClock,
    version: "crash",
    wrapStore: (store) => (point === undefined ? store : crashingStore(store, parsePoint(point))),
  },
  new AbortController().signal,
);
process.once("SIGTERM", () => void app.close().then(() => process.exit(0)));
