import type { LoadedConfig } from "#config/load.ts";
import { isWazapiError } from "#domain/errors.ts";

import type { App } from "#app.ts";
import type { Cli } from "./cli.ts";
import { loadSettings } from "./settings.ts";
import { programVersion } from "./version.ts";

/**
 * Opens the app in this process on a free port of the loopback, as the leader of the data directory; undefined when
 * another process leads it. Whoever calls disposes of it.
 */
export async function openHere(cli: Cli, _settings: LoadedConfig): Promise<App | undefined> {
  const [{ openApp }, { createLog }] = await Promise.all([import("#app.ts"), import("#observe/log.ts")]);
  const quiet = cli.io.env["LOG_LEVEL"] === undefined ? { "log.level": "error" } : {};
  const { config } = await loadSettings(cli, { host: "127.0.0.1", port: 0, "leadership.standby": false, ...quiet });
  const log = createLog(config.log);
  try {
    const app = await openApp(config, { log, clock: cli.io.clock, version: programVersion() }, cli.signal);
    await app.leading;
    return app;
  } catch (error) {
    if (isWazapiError(error, "conflict")) return undefined;
    throw error;
  }
}
