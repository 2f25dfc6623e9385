import { existsSync } from "node:fs";

import { findServer } from "#cluster/server-file.ts";
import type { ConfigFlags, LoadedConfig } from "#config/load.ts";
import { WazapiError } from "#domain/errors.ts";

import type { ApiServer } from "./api.ts";
import type { Cli } from "./cli.ts";

/** The settings with the global options on top, and whatever flags the command has itself. Throws `invalid_config`. */
export async function loadSettings({ io, globals }: Pick<Cli, "io" | "globals">, flags: ConfigFlags = {}) {
  const { loadConfig } = await import("#config/load.ts");
  return loadConfig({
    flags: { ...flags, ...(globals.data !== undefined && { dataDir: globals.data }) },
    env: io.env,
    cwd: io.cwd,
    ...(globals.config !== undefined && { configPath: globals.config }),
  });
}

/** Base URL of the server to talk to: the one that is named, else that which runs on the data directory. */
export async function serverUrl({ io, globals }: Cli, { config }: LoadedConfig): Promise<string | undefined> {
  const named = globals.url ?? io.env["WAZAPI_URL"]?.trim();
  if (named === undefined || named === "") return (await findServer({ dir: config.dataDir }))?.url;
  if (URL.canParse(named) && /^https?:$/.test(new URL(named).protocol)) return named;
  throw new WazapiError("invalid_request", { message: `${named} is no URL that begins with http:// or https://` });
}

/** Tokens out of the settings or the data directory; none is made. */
export async function knownTokens({ config }: Pick<LoadedConfig, "config">): Promise<ApiServer["tokens"]> {
  const { clientToken: client, partnerToken: partner } = config.auth;
  const complete = client !== undefined && partner !== undefined;
  if (complete || !existsSync(config.dataDir)) {
    return { ...(client !== undefined && { client }), ...(partner !== undefined && { partner }) };
  }
  const { ensureSecrets } = await import("#config/secrets.ts");
  const secrets = await ensureSecrets(config);
  return { client: secrets.clientToken, partner: secrets.partnerToken };
}
