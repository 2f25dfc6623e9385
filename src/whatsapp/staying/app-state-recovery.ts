import {
  processSyncAction,
  proto,
  type BaileysEventMap,
  type SignalDataSet,
  type WASocket,
} from "@whiskeysockets/baileys";
import { canonicalJid } from "#domain/jid.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { sleepUnless } from "#lib/sleep.ts";
import type { AuthState } from "../auth-state.ts";
import { ownJids } from "../own-account.ts";
import { collections, type Collection } from "./collections.ts";
import { readRecovery, type RecoveredCollection, type RecoveryInput } from "./recovered-collection.ts";

/** When the phone is asked for settings that the server has damaged; milliseconds. */
export interface SettingsRecoveryOptions {
  /** Without an answer for so long the phone counts as silent; what it says later is still taken. */
  readonly answerMs: number;
  /** At most this often it is asked for one collection. */
  readonly againMs: number;
}

/** A minute, as WhatsApp Web waits; four times a day. */
export const defaultSettingsRecovery: SettingsRecoveryOptions = { answerMs: 60_000, againMs: 6 * 60 * 60_000 };

/** What came of a collection that the server has damaged. */
export type RecoveryStep = "asked" | "silent" | "refused" | "recovered";

/** What recovering works with. */
export interface AppStateRecoveryDeps {
  /** Called once the socket is there. */
  readonly sock: () => WASocket;
  readonly auth: AuthState;
  /** Told of each step; must not throw. */
  readonly recovery?: (step: RecoveryStep) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Asks the own phone for settings whose copy at the server cannot be verified. */
export interface AppStateRecovery {
  /** This collection is damaged: the phone is asked, unless it was lately. */
  readonly wanted: (name: Collection) => Promise<void>;
  /** Goes on with what an earlier connection asked for; to be called once it is open. */
  readonly resume: () => Promise<void>;
  /** Takes the phone's answer, if one is among these events. */
  readonly came: (events: Partial<BaileysEventMap>) => Promise<void>;
}

/** The last question for one collection, kept beside the account's keys. */
interface Question {
  /** Epoch milliseconds. */
  readonly at: number;
  /** Nothing usable was answered yet. */
  readonly open: boolean;
}

const type = "settings-recovery";
const { PeerDataOperationRequestType: Request } = proto.Message;

/** WhatsApp protocol: WhatsApp Web does not ask for this one, which holds what a device cannot start without. */
const neverAsked: Collection = "critical_block";

/**
 * WhatsApp protocol (WhatsApp Web, whatsmeow, whatsapp-rust #1375): peer operation 8,
 * COMPANION_SYNCD_SNAPSHOT_FATAL_RECOVERY, with the collection's name and the time in seconds; the answer comes as a peer
 * message. The question is durable before it leaves and until the answer is: whoever dies in between asks again.
 */
export function createAppStateRecovery(deps: AppStateRecoveryDeps, options: SettingsRecoveryOptions): AppStateRecovery {
  const { auth, clock, log, signal } = deps;
  const pursued = new Map<Collection, PromiseWithResolvers<void>>();

  async function question(name: Collection): Promise<Question | undefined> {
    const stored: Readonly<Record<string, unknown>> = await auth.keys.get(type as never, [name]);
    // Only `questionAs` makes these.
    return stored[name] as Question | undefined;
  }

  /** A type of our own beside Baileys': the store keeps whatever it is given. */
  function questionAs(name: Collection, asked: Question): SignalDataSet {
    return { [type]: { [name]: asked } } as unknown as SignalDataSet;
  }

  /** A question that did not leave is asked again by the next connection, one that did not before its time. */
  async function ask(name: Collection, isOpen: () => boolean): Promise<void> {
    const at = clock.now();
    await auth.keys.set(questionAs(name, { at: 0, open: true }));
    await deps.sock().sendPeerDataOperationMessage({
      peerDataOperationRequestType: Request.COMPANION_SYNCD_SNAPSHOT_FATAL_RECOVERY,
      syncdCollectionFatalRecoveryRequest: { collectionName: name, timestamp: Math.floor(at / 1000) },
    });
    if (isOpen()) await auth.keys.set(questionAs(name, { at, open: true }));
    log.info({ collection: name }, "the phone was asked for settings that the server has damaged");
    deps.recovery?.("asked");
  }

  /** Asks now and then until the phone has answered or the connection is over. */
  async function pursue(name: Collection, firstAfterMs: number): Promise<void> {
    if (pursued.has(name)) return;
    const answered = Promise.withResolvers<void>();
    pursued.set(name, answered);
    const isOpen = (): boolean => !signal.aborted && pursued.get(name) === answered;
    try {
      await sleepUnless(firstAfterMs, [answered.promise], signal);
      while (isOpen()) {
        await ask(name, isOpen);
        await sleepUnless(options.answerMs, [answered.promise], signal);
        if (!isOpen()) return;
        log.warn({ collection: name }, "the phone does not answer for settings that the server has damaged");
        deps.recovery?.("silent");
        await sleepUnless(options.againMs - options.answerMs, [answered.promise], signal);
      }
    } finally {
      if (pursued.get(name) === answered) pursued.delete(name);
    }
  }

  async function take(answer: RecoveryInput["answer"]): Promise<void> {
    const { keys } = deps.sock().authState;
    const read = await readRecovery({
      answer,
      isAsked: async (name) => (await question(name))?.open === true,
      keyOf: async (id) => (await keys.get("app-state-sync-key", [id]))[id]?.keyData ?? undefined,
    });
    // The second answer to a question that was asked twice.
    if (read === "not_asked") return log.debug({}, "the phone sent settings that it was not asked for");
    const taken = typeof read === "string" ? read : await store(read);
    if (signal.aborted) return;
    if (typeof taken === "string") {
      log.warn({ reason: taken }, "the phone's copy of the settings cannot be used");
      return deps.recovery?.("refused");
    }
    const { name, state, entries, fits } = taken;
    pursued.get(name)?.resolve();
    pursued.delete(name);
    log.info({ collection: name, version: state.version, entries: entries.size, fits }, "settings came from the phone");
    deps.recovery?.("recovered");
    // What was changed since.
    await deps.sock().resyncAppState([name], false);
  }

  /** Tells what the device did not know and stores the collection, in this order: whoever dies in between does both again. */
  async function store(read: RecoveredCollection): Promise<RecoveredCollection | "older"> {
    const sock = deps.sock();
    const { keys } = sock.authState;
    const { name } = read;
    const held = async () => (await keys.get("app-state-sync-version", [name]))[name];
    const before = await held();
    if (read.state.version < (before?.version ?? 0)) return "older";
    const tell = sock.ev.createBufferedFunction(async () => {
      for (const [entry, mutation] of read.entries) {
        if (isSame(before?.indexValueMap[entry]?.valueMac, read.state.indexValueMap[entry]?.valueMac)) continue;
        processSyncAction(mutation, sock.ev, auth.creds.me ?? { id: "" });
      }
    });
    await tell();
    return await keys.transaction(async () => {
      if (read.state.version < ((await held())?.version ?? 0)) return "older";
      const done = questionAs(name, { at: clock.now(), open: false });
      await keys.set({ "app-state-sync-version": { [name]: read.state }, ...done });
      return read;
    }, auth.creds.me?.id ?? "");
  }

  return {
    wanted: async (name) => {
      if (name === neverAsked || pursued.has(name)) return;
      const last = await question(name);
      if (last?.open !== true && last !== undefined && clock.now() - last.at < options.againMs) return;
      await pursue(name, last === undefined ? 0 : last.at + options.againMs - clock.now());
    },
    resume: async () => {
      const waiting = await Promise.all(collections.map(async (name) => ({ name, last: await question(name) })));
      await Promise.all(
        waiting.map(async ({ name, last }) => {
          if (last?.open === true) await pursue(name, last.at + options.againMs - clock.now());
        }),
      );
    },
    came: async (events) => {
      const own = ownJids(auth.creds);
      for (const { key, message } of events["messages.upsert"]?.messages ?? []) {
        const response = message?.protocolMessage?.peerDataOperationRequestResponseMessage;
        if (response?.peerDataOperationRequestType !== Request.COMPANION_SYNCD_SNAPSHOT_FATAL_RECOVERY) continue;
        const chat = canonicalJid(key.remoteJid ?? "");
        const isOwn = [own?.id, own?.lid].some((jid) => jid !== undefined && canonicalJid(jid) === chat);
        if (key.fromMe !== true || !isOwn) continue;
        const answers = response.peerDataOperationResult ?? [];
        const [answer] = answers.flatMap(({ syncdSnapshotFatalRecoveryResponse: one }) => one ?? []);
        await take(answer ?? {});
      }
    },
  };
}

function isSame(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  return one !== undefined && other !== undefined && Buffer.compare(one, other) === 0;
}
