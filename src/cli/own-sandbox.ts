import { join } from "node:path";

import { findServer } from "#cluster/server-file.ts";
import { startSandbox } from "#config/groups/whatsapp.ts";
import type { Config } from "#config/schema.ts";

import type { Cli } from "./cli.ts";
import { startSandboxProcess } from "./sandbox-process.ts";
import type { SandboxProcess } from "./sandbox-process.ts";

/** Settings that name a sandbox which runs, and the process when it is our own. */
export interface WithSandbox extends AsyncDisposable {
  readonly config: Config;
  readonly process?: SandboxProcess;
}

/**
 * Starts a sandbox when the settings ask for one of our own; its world is kept in the data directory over restarts.
 * Disposing ends it.
 */
export async function withOwnSandbox(cli: Cli, config: Config): Promise<WithSandbox> {
  if (config.sandbox.url !== startSandbox) return { config, [Symbol.asyncDispose]: async () => {} };
  const { dataDir } = config;
  // Beside a running server this is its standby: the file belongs to the sandbox of that one.
  const isFirst = (await findServer({ dir: dataDir })) === undefined;
  const statePath = isFirst ? { statePath: join(dataDir, "sandbox.json") } : {};
  const process = await startSandboxProcess(cli.io, statePath, cli.signal);
  return {
    config: { ...config, sandbox: { ...config.sandbox, url: process.url } },
    process,
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}
