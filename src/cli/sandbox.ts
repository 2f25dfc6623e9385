import { WazapiError } from "#domain/errors.ts";
import { createSandboxClient } from "#sandbox/client.ts";
import type { SandboxClient } from "#sandbox/client.ts";
import type { LinkedDevice } from "#sandbox/control.ts";
import { SandboxError } from "#sandbox/sandbox-error.ts";

import type { Cli } from "./cli.ts";
import { knownTokens, loadSettings, serverUrl } from "./settings.ts";

/** The number a simulated phone has when nobody says another. */
export const defaultNumber = "5511999990000";

/**
 * The sandbox that commands direct: behind the server that `--url`, `WAZAPI_URL` or the data directory names, else the
 * one of `WAZAPI_SANDBOX_URL`. Throws `unavailable` when there is none, `not_found` when that server has none.
 */
export async function connectSandbox(cli: Cli): Promise<SandboxClient> {
  const settings = await loadSettings(cli);
  const { dataDir, sandbox } = settings.config;
  const server = await serverUrl(cli, settings);
  const alone = sandbox.url === undefined || sandbox.url === "start" ? undefined : sandbox.url;
  const url = server ?? alone;
  if (url === undefined) {
    throw new WazapiError("unavailable", {
      message: `no server runs on ${dataDir}`,
      details: { hint: "start one with `wazapi serve --sandbox`, or name a sandbox with --url" },
    });
  }
  const { partner } = server === undefined ? {} : await knownTokens(settings);
  const client = createSandboxClient({ url, ...(partner !== undefined && { token: partner }) });
  await requireSandbox(client, { url, signal: cli.signal });
  return client;
}

/** What a phone links. An interrupt ends the wait alone: then it throws, and says that the phone goes on. */
export async function linkedDevice(cli: Cli, linking: Promise<LinkedDevice>): Promise<LinkedDevice> {
  try {
    return await linking;
  } catch (cause) {
    if (!cli.signal.aborted) throw cause;
    const message = "stopped waiting; the phone goes on with the linking";
    throw new SandboxError("unavailable", message, { cause });
  }
}

async function requireSandbox(
  client: SandboxClient,
  { url, signal }: { readonly url: string; readonly signal: AbortSignal },
): Promise<void> {
  try {
    await client.config(signal);
  } catch (cause) {
    if (!(cause instanceof SandboxError) || cause.code !== "not_found") throw cause;
    throw new WazapiError("not_found", {
      message: `the server at ${url} has no sandbox`,
      details: { hint: "start it with `wazapi serve --sandbox`" },
      cause,
    });
  }
}

/** The number of the one account that is linked; throws when there is none, or several. */
export async function linkedNumber(client: SandboxClient, signal: AbortSignal): Promise<string> {
  const { devices } = await client.state(signal);
  const numbers = [...new Set(devices.map(({ number }) => number))];
  const [number, ...others] = numbers;
  if (number === undefined) {
    throw new WazapiError("not_found", {
      message: "no phone is linked",
      details: { hint: "link one with `wazapi pair` and `wazapi sandbox scan`" },
    });
  }
  if (others.length === 0) return number;
  throw new WazapiError("invalid_request", {
    message: "several phones are linked",
    details: { hint: `say which with --to: ${numbers.slice(0, 10).join(", ")}` },
  });
}
