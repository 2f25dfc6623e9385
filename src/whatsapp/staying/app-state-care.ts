import { AsyncLocalStorage } from "node:async_hooks";
import type { SignalDataSet } from "@whiskeysockets/baileys";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";

/** WhatsApp protocol: the collections of settings that phone and devices share. */
const collections = ["critical_block", "critical_unblock_low", "regular_high", "regular_low", "regular"] as const;

/** One of them. */
type Collection = (typeof collections)[number];

/** What did not fit its checksum: single changes, or the whole collection as the server has it. */
export type AppStateDamage = "patch" | "snapshot";

/**
 * What Baileys says when settings do not fit their checksum. It skips them and goes on, so that from then on the
 * settings are stale, and what this device changes is refused; nothing but these sentences tells.
 */
const sentences: readonly (readonly [RegExp, AppStateDamage])[] = [
  [/^LTHash verification failed, skipping remaining patches$/, "patch"],
  [/^failed to decode patch, skipping$/, "patch"],
  [/^LTHash verification failed on snapshot, continuing with partial state$/, "snapshot"],
  [/^failed to sync \w+ from v\d+, giving up$/, "snapshot"],
];

/** A collection is taken anew at most this often. */
const restMs = 3_600_000;

/** What caring works with. */
export interface AppStateCareDeps {
  /** Writes keys when no other transaction of the account is open. */
  readonly write: (keys: SignalDataSet) => Promise<void>;
  /** Asks the server for these collections. */
  readonly resync: (names: readonly Collection[]) => Promise<void>;
  /** Told of each damage; must not throw. */
  readonly damaged?: (damage: AppStateDamage) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Listens to Baileys, and takes a collection whose changes do not fit anew, from the server's whole copy. */
export interface AppStateCare {
  /** Hears one line of Baileys' talk. */
  readonly heard: (sentence: string, fields: unknown) => void;
}

/** Cares for the settings of one connection. */
export function createAppStateCare(deps: AppStateCareDeps): AppStateCare {
  const { clock, log, signal } = deps;
  // Baileys speaks inside its transaction; what is done about it must not become a part of that.
  const outside = AsyncLocalStorage.snapshot();
  const takenAnew = new Map<Collection, number>();

  async function takeAnew(name: Collection): Promise<void> {
    try {
      // Without a version of its own the server sends everything.
      await deps.write({ "app-state-sync-version": { [name]: null } });
      if (signal.aborted) return;
      await deps.resync([name]);
      log.info({ collection: name }, "settings were taken anew");
    } catch (error) {
      if (!signal.aborted) log.warn({ collection: name, error }, "settings could not be taken anew");
    }
  }

  return {
    heard: (sentence, fields) => {
      const damage = sentences.find(([pattern]) => pattern.test(sentence))?.[1];
      const said: unknown = Object(fields).name;
      const name = collections.find((known) => known === said);
      if (damage === undefined || name === undefined || signal.aborted) return;
      deps.damaged?.(damage);
      log.warn({ collection: name, damage }, "settings that WhatsApp sent do not fit their checksum");
      const before = takenAnew.get(name);
      if (damage === "snapshot" || (before !== undefined && clock.monotonicMs() - before < restMs)) return;
      takenAnew.set(name, clock.monotonicMs());
      outside(() => void takeAnew(name));
    },
  };
}
