import { join } from "node:path";

import { findServer } from "#cluster/server-file.ts";
import { makeDataDir } from "#config/data-dir.ts";
import { startSandbox } from "#config/groups/whatsapp.ts";
import type { Config } from "#config/schema.ts";
import { WazapiError } from "#domain/errors.ts";
import { createSandboxClient } from "#sandbox/client.ts";

import type { Cli } from "./cli.ts";
import { startSandboxProcess } from "./sandbox-process.ts";
import type { SandboxProcess } from "./sandbox-process.ts";

/** Settings whose sandbox, if they name one, runs; and its process when it is our own. */
export interface WithSandbox extends AsyncDisposable {
  readonly config: Config;
  readonly process?: SandboxProcess;
}

/**
 * Sees to it that the sandbox of the settings runs: starts one when they ask for one of our own, whose world is kept in
 * the data directory over restarts. Throws `unavailable` when the one they name does not answer. Disposing ends our own.
 */
export async function withSandbox(cli: Cli, config: Config): Promise<WithSandbox> {
  const { dataDir, sandbox } = config;
  if (sandbox.url !== startSandbox) {
    if (sandbox.url !== undefined) await requireSandbox(sandbox.url, cli.signal);
    return { config, [Symbol.asyncDispose]: async () => {} };
  }
  // The sandbox would make it too, but readable for everybody.
  await makeDataDir(dataDir);
  // Beside a running server this is its standby: the file belongs to the sandbox of that one.
  const isFirst = (await findServer({ dir: dataDir })) === undefined;
  const statePath = isFirst ? { statePath: join(dataDir, "sandbox.json") } : {};
  const process = await startSandboxProcess(cli.io, statePath, cli.signal);
  return {
    config: { ...config, sandbox: { ...sandbox, url: process.url } },
    process,
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}

async function requireSandbox(url: string, signal: AbortSignal): Promise<void> {
  try {
    await createSandboxClient({ url }).config(signal);
  } catch (cause) {
    throw new WazapiError("unavailable", {
      message: `no sandbox answers at ${url}`,
      details: { hint: "start one with `wazapi sandbox serve`, or let `--sandbox` without a URL do it" },
      cause,
    });
  }
}
