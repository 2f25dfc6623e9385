import { AsyncLocalStorage } from "node:async_hooks";
import type { BaileysEventMap } from "@whiskeysockets/baileys";
import {
  createAppStateRecovery,
  type AppStateRecoveryDeps,
  type SettingsRecoveryOptions,
} from "./app-state-recovery.ts";
import { collections, type Collection } from "./collections.ts";

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
export interface AppStateCareDeps extends AppStateRecoveryDeps {
  /** Told of each damage; must not throw. */
  readonly damaged?: (damage: AppStateDamage) => void;
}

/**
 * Listens to Baileys, takes a collection whose changes do not fit anew, from the server's whole copy, and asks the phone
 * for it when that does not fit either.
 */
export interface AppStateCare {
  /** Hears one line of Baileys' talk. */
  readonly heard: (sentence: string, fields: unknown) => void;
  /** The connection is open. */
  readonly opened: () => void;
  /** Looks for the phone's answer among these events. */
  readonly came: (events: Partial<BaileysEventMap>) => void;
}

/** Cares for the settings of one connection. */
export function createAppStateCare(deps: AppStateCareDeps, options: SettingsRecoveryOptions): AppStateCare {
  const { auth, clock, log, signal } = deps;
  // Baileys speaks inside its transaction; what is done about it must not become a part of that.
  const outside = AsyncLocalStorage.snapshot();
  const takenAnew = new Map<Collection, { readonly at: number; isOver: boolean }>();
  const recovery = createAppStateRecovery(deps, options);

  async function takeAnew(name: Collection): Promise<void> {
    try {
      const { keys } = deps.sock().authState;
      // Without a version of its own the server sends everything.
      const forgotten = { "app-state-sync-version": { [name]: null } };
      await keys.transaction(async () => keys.set(forgotten), auth.creds.me?.id ?? "");
      if (signal.aborted) return;
      await deps.sock().resyncAppState([name], false);
      log.info({ collection: name }, "settings were taken anew");
    } catch (error) {
      if (!signal.aborted) log.warn({ collection: name, error }, "settings could not be taken anew");
    } finally {
      const taken = takenAnew.get(name);
      if (taken !== undefined) taken.isOver = true;
    }
  }

  const guarded = (work: Promise<void>): void => {
    void work.catch((error: unknown) => {
      if (!signal.aborted) log.warn({ error }, "damaged settings could not be asked of the phone");
    });
  };

  return {
    heard: (sentence, fields) => {
      const damage = sentences.find(([pattern]) => pattern.test(sentence))?.[1];
      const said: unknown = Object(fields).name;
      const name = collections.find((known) => known === said);
      if (damage === undefined || name === undefined || signal.aborted) return;
      deps.damaged?.(damage);
      log.warn({ collection: name, damage }, "settings that WhatsApp sent do not fit their checksum");
      if (damage === "snapshot") return outside(() => guarded(recovery.wanted(name)));
      const before = takenAnew.get(name);
      if (before !== undefined && clock.monotonicMs() - before.at < restMs) {
        // The server's copy fitted, and what follows it does not.
        return before.isOver ? outside(() => guarded(recovery.wanted(name))) : undefined;
      }
      takenAnew.set(name, { at: clock.monotonicMs(), isOver: false });
      outside(() => void takeAnew(name));
    },
    opened: () => guarded(recovery.resume()),
    came: (events) => outside(() => guarded(recovery.came(events))),
  };
}
