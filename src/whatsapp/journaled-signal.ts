import { AsyncLocalStorage } from "node:async_hooks";
import {
  DEFAULT_CONNECTION_CONFIG,
  proto,
  unpadRandomMax16,
  type SignalDataSet,
  type SocketConfig,
} from "@whiskeysockets/baileys";
import { isWazapiError } from "#domain/errors.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { AuthState } from "./auth-state.ts";
import { readablePlaintext, type TellUnknown } from "./content/readable-message.ts";
import type { Unreadable } from "./intake/unreadable.ts";
import { contentHashOf, plaintextEntry, type Correlation, type StanzaRef } from "./journal-entry.ts";
import { namedSignedPreKey, withNamedSignedPreKey } from "./staying/signed-pre-key.ts";
import { singleSessions } from "./single-session.ts";

/** What the wrapper works with. */
export interface JournaledSignalDeps {
  readonly auth: AuthState;
  readonly correlation: Correlation;
  readonly clock: Clock;
  readonly log: Log;
  /** Decides about each ciphertext that nothing here can read; without it Baileys does. */
  readonly unreadable?: () => Unreadable;
  /** Told about each part of a message that Baileys' protobuf does not have; must not throw. */
  readonly unknownWire?: TellUnknown;
  /** Told about each device (JID) that something was encrypted for, within the send it belongs to; must not throw. */
  readonly encryptedFor?: (jid: string) => void;
}

type MakeSignalRepository = SocketConfig["makeSignalRepository"];

/**
 * Baileys' Signal repository, with every plaintext journaled in the transaction that advances its ratchet. Baileys
 * sends the delivery receipt only after a decryption has returned, so no receipt can leave before that commit.
 *
 * The other way round as well: Baileys writes a message to the socket inside the transaction that advanced its ratchet,
 * and commits afterwards. Were that commit lost, the recipient would be ahead of us: what we encrypt next would look
 * like something it had already, or could not be read at all. So a ratchet is stored before its ciphertext is handed out.
 *
 * All decryptions (and session changes) of one account take the same lock as Baileys' sends (which lock on the own id): both read, change
 * and write whole session records, and an interleaving would put an old record back over a newer one.
 */
export function journaledSignal(deps: JournaledSignalDeps): MakeSignalRepository {
  return (auth, logger, pnToLid) => {
    const { keys } = auth;
    const single = singleSessions(keys);
    const encryptions = new AsyncLocalStorage<SignalDataSet[]>();
    const watchedKeys: typeof keys = {
      ...single.keys,
      set: async (data) => {
        encryptions.getStore()?.push(data);
        await single.keys.set(data);
      },
    };
    const named = new AsyncLocalStorage<number | undefined>();
    const creds = withNamedSignedPreKey(auth.creds, () => named.getStore());
    const inner = DEFAULT_CONNECTION_CONFIG.makeSignalRepository(
      { ...auth, creds, keys: watchedKeys },
      logger,
      pnToLid,
    );
    const opened: typeof inner.decryptMessage = (options) =>
      named.run(options.type === "pkmsg" ? namedSignedPreKey(options.ciphertext) : undefined, () =>
        inner.decryptMessage(options),
      );
    const transaction = <T>(work: () => Promise<T>): Promise<T> =>
      "transaction" in keys ? keys.transaction(work, deps.auth.creds.me?.id ?? "decrypt") : work();

    async function decrypt(ciphertext: Uint8Array, work: () => Promise<Uint8Array>): Promise<Uint8Array> {
      const stanza = deps.correlation.get(ciphertext);
      stanza?.reached();
      if (stanza === undefined) deps.log.warn({}, "a ciphertext came without its stanza and is not journaled");
      const contentHash = contentHashOf(ciphertext);
      try {
        const read = await deps.auth.withJournal((journal) =>
          transaction(async () => {
            const plaintext = await work();
            if (stanza !== undefined) {
              journal(plaintextEntry({ contentHash, attrs: stanza.attrs, plaintext, now: deps.clock.now() }));
            }
            return plaintext;
          }),
        );
        if (stanza !== undefined) deps.unreadable?.().healed(stanza.node);
        stanza?.settled();
        return readablePlaintext(read, deps.unknownWire);
      } catch (error) {
        // Not written, or the socket is closed: the message itself is as good as before, and comes again.
        if (isWazapiError(error)) throw error;
        // A stanza we had decrypted before its receipt was lost comes again: its ratchet has moved on, its plaintext
        // is in the journal. Handing that out lets Baileys confirm it; the event it may cause is known already.
        const known = await deps.auth.find(contentHash).catch(() => {});
        const isDecrypted = known?.kind === "plaintext";
        if (isDecrypted && (deps.unreadable === undefined || isMessage(known.payload))) {
          stanza?.settled();
          return readablePlaintext(known.payload);
        }
        if (stanza === undefined || deps.unreadable === undefined) throw error;
        return await settling(stanza, deps.unreadable().failed({ node: stanza.node, contentHash, error, isDecrypted }));
      }
    }

    async function encrypt<T>(work: () => Promise<T>): Promise<T> {
      const changes: SignalDataSet[] = [];
      const encrypted = await encryptions.run(changes, work);
      await deps.auth.storeAhead(merged(changes));
      return encrypted;
    }

    return {
      ...inner,
      encryptMessage: async (options) => {
        const encrypted = await encrypt(() => inner.encryptMessage(options));
        deps.encryptedFor?.(options.jid);
        return encrypted;
      },
      encryptGroupMessage: (options) => encrypt(() => inner.encryptGroupMessage(options)),
      getSenderKeyDistributionMessage: (options) => encrypt(() => inner.getSenderKeyDistributionMessage(options)),
      decryptMessage: (options) => decrypt(options.ciphertext, () => single.singly(() => opened(options))),
      decryptGroupMessage: (options) => decrypt(options.msg, () => inner.decryptGroupMessage(options)),
      injectE2ESession: (options) => transaction(() => inner.injectE2ESession(options)),
      migrateSession: (from, to) => transaction(() => inner.migrateSession(from, to)),
    };
  };
}

/** Also what is given up is through, as long as that is written down. */
async function settling(stanza: StanzaRef, work: Promise<Uint8Array>): Promise<Uint8Array> {
  try {
    const plaintext = await work;
    stanza.settled();
    return plaintext;
  } catch (error) {
    if (!isWazapiError(error)) stanza.settled();
    throw error;
  }
}

/** Whether Baileys can make a message of it. */
function isMessage(padded: Uint8Array): boolean {
  try {
    proto.Message.decode(unpadRandomMax16(padded));
    return true;
  } catch {
    // Whatever its author meant by it.
    return false;
  }
}

/** The last value of every key. */
function merged(changes: readonly SignalDataSet[]): SignalDataSet {
  const types = new Set(changes.flatMap((change) => Object.keys(change)));
  // The names are those of the sets they came from.
  return Object.fromEntries(
    [...types].map((type) => [type, Object.assign({}, ...changes.map((change) => Reflect.get(change, type)))]),
  ) as SignalDataSet;
}
