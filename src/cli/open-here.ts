import { isWazapiError } from "#domain/errors.ts";

import type { App } from "#app.ts";
import { scratchOf } from "#scratch.ts";
import type { Cli } from "./cli.ts";
import { withSandbox } from "./with-sandbox.ts";
import { loadSettings } from "./settings.ts";
import { programVersion } from "./version.ts";

/** An app of this process, with the sandbox that was started for it. */
export type AppHere = Pick<App, "url" | "tokens"> & AsyncDisposable;

/**
 * Opens the app in this process on a free port of the loopback, as the leader of the data directory; undefined when
 * another process leads it. Whoever calls disposes of it.
 */
export async function openHere(cli: Cli): Promise<AppHere | undefined> {
  const [{ openApp }, { createLog }] = await Promise.all([import("#app.ts"), import("#observe/log.ts")]);
  const quiet = cli.io.env["LOG_LEVEL"] === undefined ? { "log.level": "error" } : {};
  const flags = { host: "127.0.0.1", port: 0, "leadership.standby": false, ...quiet };
  const settings = await loadSettings(cli, flags);
  await using parts = new AsyncDisposableStack();
  const { config } = parts.use(await withSandbox(cli, settings.config));
  cli.io.useTemporaryDirectory(scratchOf(config.dataDir));
  try {
    const options = { log: createLog(config.log), clock: cli.io.clock, version: programVersion() };
    // A stop ends the command, which then closes the app in order; the listener must not go first.
    const app = parts.use(await openApp(config, options, new AbortController().signal));
    await app.leading;
    const owned = parts.move();
    return { url: app.url, tokens: app.tokens, [Symbol.asyncDispose]: () => owned.disposeAsync() };
  } catch (error) {
    if (isWazapiError(error, "conflict")) return undefined;
    throw error;
  }
}
