import type { Config } from "#config/schema.ts";
import type { PresentedVersion } from "#domain/session.ts";
import type { Clock } from "#lib/clock.ts";
import { type Log, silentLog } from "#lib/log.ts";
import type { Transport } from "#whatsapp/transport.ts";
import { revisionFile } from "#whatsapp/web-version/version-file.ts";
import { openWebVersions, type WebVersions } from "#whatsapp/web-version/web-version.ts";

type VersionConfig = Pick<Config, "dataDir" | "whatsapp">;

/** The versions that sessions of this server present, kept in its data directory. */
export async function openOwnVersions(
  deps: { readonly transport: Transport; readonly clock: Clock; readonly log: Log },
  config: VersionConfig,
  signal: AbortSignal,
): Promise<WebVersions> {
  const { transport, clock, log } = deps;
  return openWebVersions(
    { url: transport.versionUrl, store: revisionFile(config.dataDir), clock, log, signal },
    pinnedIn(config),
  );
}

/** What a server on this data directory would present before it asks anybody. */
export async function keptVersion(config: VersionConfig, clock: Clock): Promise<PresentedVersion> {
  const kept = await revisionFile(config.dataDir).read();
  const store = { read: () => Promise.resolve(kept), write: () => Promise.resolve() };
  // It looks nowhere.
  const signal = AbortSignal.abort();
  const versions = await openWebVersions({ url: kept?.url, store, clock, log: silentLog, signal }, pinnedIn(config));
  return versions.present();
}

function pinnedIn({ whatsapp: { version } }: VersionConfig): [number, number, number] | undefined {
  return version === undefined ? undefined : [...version];
}
