import { DEFAULT_CONNECTION_CONFIG, type WAVersion } from "@whiskeysockets/baileys";
import type { PresentedVersion } from "#domain/session.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { sleepUnless } from "#lib/sleep.ts";
import { fetchRevision } from "./fetch-revision.ts";
import type { KnownRevision, RevisionStore } from "./version-file.ts";

/** The version of WhatsApp Web that sessions present. */
export interface WebVersions {
  readonly present: () => PresentedVersion;
  /**
   * The version for a connection that opens now. Without one that was fetched lately a short while is waited for the
   * fetch; it never fails.
   */
  readonly forConnection: (signal: AbortSignal) => Promise<WAVersion>;
  /** Looks again, unless that was done in the last `minAgeMs`; answers whether the version is a newer one now. */
  readonly renew: (minAgeMs: number) => Promise<boolean>;
  /**
   * WhatsApp refused this version, or will soon: looks at once, but not again and again. Answers whether the present
   * one is another.
   */
  readonly refused: (version: WAVersion | undefined) => Promise<boolean>;
}

/** How often is looked for a newer one while all is well. */
const freshMs = 12 * 60 * 60_000;
/** After a look that failed, the next one. */
const failedMs = 5 * 60_000;
/** Between two looks because of refusals. */
const refusedMs = 30_000;
/** A connection waits no longer than this for a fetch. */
const firstWaitMs = 3_000;

/** What it works with. */
export interface WebVersionDeps {
  /** Where the version is read; undefined: nowhere. */
  readonly url: string | undefined;
  readonly store: RevisionStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends every look. */
  readonly signal: AbortSignal;
}

/** Reads what is kept; nothing is fetched yet. A `pinned` version is presented whatever is fetched. */
export async function openWebVersions(deps: WebVersionDeps, pinned?: WAVersion): Promise<WebVersions> {
  const { url, clock, log, signal } = deps;
  const kept = await deps.store.read();
  let known: KnownRevision | undefined = kept?.url === url ? kept : undefined;
  let lookedAt = known?.at ?? Number.NEGATIVE_INFINITY;
  let hasFailed = false;
  let refusedAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<boolean> | undefined;

  function present(): PresentedVersion {
    if (pinned !== undefined) return { version: pinned, source: "pinned" };
    const builtIn = DEFAULT_CONNECTION_CONFIG.version;
    const [primary, secondary, own] = builtIn;
    if (known === undefined || known.revision < own) return { version: builtIn, source: "built-in" };
    return { version: [primary, secondary, known.revision], source: "fetched", fetchedAt: known.at };
  }

  async function look(address: string): Promise<boolean> {
    const before = present().version;
    lookedAt = clock.now();
    try {
      known = { revision: await fetchRevision(address, signal), at: clock.now(), url: address };
      hasFailed = false;
    } catch (error) {
      hasFailed = true;
      if (!signal.aborted) log.warn({ error }, "the version of WhatsApp Web could not be read");
      return false;
    }
    await deps.store.write(known).catch((error: unknown) => log.warn({ error }, "the version could not be kept"));
    const { version } = present();
    const isNewer = version[2] !== before[2];
    if (isNewer) log.info({ version: version.join("."), before: before.join(".") }, "another version of WhatsApp Web");
    return isNewer;
  }

  async function renew(minAgeMs: number): Promise<boolean> {
    if (url === undefined || pinned !== undefined) return false;
    if (looking === undefined && clock.now() - lookedAt < minAgeMs) return false;
    looking ??= look(url).finally(() => {
      looking = undefined;
    });
    return looking;
  }

  return {
    present,
    renew,
    refused: async (version) => {
      const isAnother = (): boolean => version !== undefined && present().version[2] !== version[2];
      if (!isAnother() && clock.now() - refusedAt >= refusedMs) {
        refusedAt = clock.now();
        await renew(0);
      }
      return isAnother();
    },
    forConnection: async (waitSignal) => {
      const renewed = renew(hasFailed ? failedMs : freshMs);
      if (known === undefined && !hasFailed) await sleepUnless(firstWaitMs, [renewed], waitSignal);
      return [...present().version];
    },
  };
}
