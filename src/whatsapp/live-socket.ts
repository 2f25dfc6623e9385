import { makeWASocket, type BaileysEventMap, type BinaryNode, type WASocket } from "@whiskeysockets/baileys";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { sleep } from "#lib/sleep.ts";
import type { MessageStore } from "#store/messages.ts";
import { collectAcks, type Acks } from "./acks.ts";
import { nameAnsweredPeople } from "./addressing/devices.ts";
import { learnMigration, type MigrationKnowledge } from "./addressing/migration.ts";
import { createReaders, type Readers } from "./addressing/readers.ts";
import type { AuthState } from "./auth-state.ts";
import { BoundedMap } from "./bounded-map.ts";
import { createDeviceCache } from "./devices/device-cache.ts";
import type { PastStaleDevices } from "./devices/stale-devices.ts";
import { openPlaceholders } from "./content/open-placeholders.ts";
import { followUsernames } from "./content/usernames.ts";
import { createGroupCache, type GroupCache } from "./group-cache.ts";
import { guardListeners } from "./guarded-listeners.ts";
import { createHistoryJournal } from "./history-journal.ts";
import type { Inbound, InboundBatch } from "./inbound.ts";
import { followBotChats } from "./intake/bot-chats.ts";
import type { AskedAuthors } from "./intake/asked-authors.ts";
import { openIntake, prepareIntake } from "./intake/open-intake.ts";
import type { OwedAcks } from "./intake/owed-acks.ts";
import { createReadableHistory } from "./content/readable-history.ts";
import { handedOn } from "./intake/placing.ts";
import type { Correlation } from "./journal-entry.ts";
import type { SessionsOptions } from "./options.ts";
import { openLinking, type Linking } from "./linking/linking.ts";
import type { CodeEnd } from "./linking/pairing-codes.ts";
import { ownNameChanged } from "./own-name.ts";
import { ownAccount, ownJids, type OwnJids } from "./own-account.ts";
import { createPhoneQuestions, type PhoneQuestion, type PhoneQuestions } from "./phone-questions.ts";
import { followPeople } from "./retries/follow-people.ts";
import type { RetryLedger } from "./retries/retry-ledger.ts";
import type { FadingQuestion } from "./send/answered-in.ts";
import { fetchesHistory, socketConfig, type MessageLookup } from "./socket-config.ts";
import type { StanzaGate } from "./stanza-gate.ts";
import { createAppStateCare, type AppStateDamage } from "./staying/app-state-care.ts";
import type { RecoveryStep } from "./staying/app-state-recovery.ts";
import { closeOf, unknownOf, type Close } from "./staying/close.ts";
import { followWayIn } from "./staying/way-in.ts";
import { keepSignedPreKeyFresh } from "./staying/signed-pre-key.ts";
import type { CeremonyListener, PasskeyCeremony } from "./passkey/ceremony.ts";
import { completeSettingsAnswers } from "./staying/settings-answers.ts";
import { openPasskey } from "./passkey/open-passkey.ts";
import type { Transport } from "./transport.ts";
import type { UnknownWire } from "./unknown-wire.ts";
import { watchFrames } from "./watch/watch-frames.ts";
import { followExpiration } from "./web-version/expiration.ts";
import type { NewChats } from "./restriction/new-chats.ts";
import { takeTokens } from "./restriction/tokens.ts";
import { takeUnmerged } from "./unmerged-events.ts";

/** What a socket works with. `auth` becomes its own: it is disposed with the socket. */
export interface LiveSocketDeps {
  readonly auth: AuthState;
  readonly inbound: Inbound;
  readonly transport: Transport;
  readonly getMessage: MessageLookup;
  readonly messages: Pick<MessageStore, "get">;
  /** Outlives the socket. */
  readonly ledger: RetryLedger;
  /** What authors were asked; outlives the socket. */
  readonly asked: AskedAuthors;
  /** The confirmation that earlier connections of the session failed to make. */
  readonly owed: OwedAcks;
  /** Learns what WhatsApp says about new chats. */
  readonly newChats?: Pick<NewChats, "watch">;
  readonly clock: Clock;
  readonly log: Log;
  /** Told about each ciphertext that nothing here can read; must not throw. */
  readonly decryptFailed?: () => void;
  /** Told when settings that WhatsApp sent do not fit their checksum; must not throw. */
  readonly appStateDamaged?: (damage: AppStateDamage) => void;
  /** Told what comes of asking the phone for settings that the server has damaged; must not throw. */
  readonly appStateRecovery?: (step: RecoveryStep) => void;
  /** Told once when nothing of one sender can be decrypted any more; must not throw. */
  readonly decryptStorm?: () => void;
  /** Told when the backlog of a login neither moves nor ends; must not throw. */
  readonly backlogStalled?: () => void;
  /** Told about each question to the phone that it leaves without an answer; must not throw. */
  readonly phoneSilent?: (question: PhoneQuestion) => void;
  /** Told about whatever came that this version does not know; must not throw. */
  readonly unknownWire?: (unknown: UnknownWire) => void;
}

/** What a socket tells its session. Nothing is told after `closed`, and nothing once it is being disposed. */
export interface SocketListener {
  /** A QR to be shown: the next one, or the present one made anew. */
  readonly qr: (qr: string, isNext: boolean) => void;
  readonly codeEnded: (end: CodeEnd) => void;
  /** WhatsApp announced until when it takes this version; epoch milliseconds. */
  readonly versionExpires: (at: number) => void;
  /** A phone accepted this device. */
  readonly paired: () => void;
  /** Linking with the user's passkey. */
  readonly passkey: CeremonyListener;
  readonly opened: () => void;
  readonly closed: (close: Close) => void;
}

/** One connection to WhatsApp, from its first byte to its last. */
export interface LiveSocket extends AsyncDisposable {
  readonly sock: WASocket;
  readonly acks: Acks;
  readonly groups: GroupCache;
  /** Sends past devices that are gone. */
  readonly pastStaleDevices: PastStaleDevices;
  /** What is remembered of devices that asked for messages again. */
  readonly ledger: RetryLedger;
  readonly gate: StanzaGate;
  /** Whoever asks the own phone notes it here. */
  readonly questions: PhoneQuestions;
  readonly linking: Linking;
  /** Whom each send was encrypted for. */
  readonly readers: Readers;
  /** Whether the account's chats are kept by LID. */
  readonly migration: MigrationKnowledge;
  /** Chats that WhatsApp lately refused under either name: the other one is not tried each time. */
  readonly refusedBoth: BoundedMap<string, true>;
  /** Groups in which WhatsApp lately claimed to know other devices, and nobody was found who was left out. */
  readonly lookedThrough: BoundedMap<string, true>;
  /** Questions that WhatsApp lately left without an answer. */
  readonly silent: BoundedMap<FadingQuestion, true>;
  readonly passkey: PasskeyCeremony;
  /** Undefined until a phone accepted. */
  readonly own: () => OwnJids | undefined;
  /** Whether the account belongs to a business app. */
  readonly isBusiness: () => boolean;
  readonly pushName: () => string | undefined;
  /** Epoch milliseconds of the last frame; undefined before the first. */
  readonly lastSeenAt: () => number | undefined;
  /** Milliseconds without any frame. A socket we do not read (full buffer) is not silent. */
  readonly silentForMs: () => number;
  /** Ends the connection within this call: nothing that Baileys is still busy with can be sent. */
  readonly tearDown: () => void;
}

/** What we use of the `ws` package's socket; Baileys keeps it as a protected member. */
interface RawSocket {
  pause(): void;
  resume(): void;
  terminate(): void;
}

/** Connects at once; how it goes is told to the listener. */
export function openLiveSocket(
  deps: LiveSocketDeps,
  input: { readonly instanceId: string; readonly deviceName: string; readonly options: SessionsOptions },
  listener: SocketListener,
): LiveSocket {
  const { auth, clock } = deps;
  const correlation: Correlation = new WeakMap();
  const groups = createGroupCache(clock, {
    limit: input.options.maxCachedGroups,
    fetch: (groupId) => sock.groupMetadata(groupId),
  });
  const intake = { ...deps, correlation };
  const prepared = prepareIntake(intake, () => sock);
  const devices = createDeviceCache(clock);
  const ended = new AbortController();
  const settings = createAppStateCare(
    {
      ...deps,
      sock: () => sock,
      ...(deps.appStateDamaged === undefined ? {} : { damaged: deps.appStateDamaged }),
      ...(deps.appStateRecovery === undefined ? {} : { recovery: deps.appStateRecovery }),
      signal: ended.signal,
    },
    input.options.settingsRecovery,
  );
  const readers = createReaders();
  const heard = settings.heard;
  const config = socketConfig({ ...intake, ...prepared, heard, groups, devices, encryptedFor: readers.note }, input);
  const sock = makeWASocket(config);
  nameAnsweredPeople(sock.ws);
  completeSettingsAnswers(sock.ws, (unknown) => deps.unknownWire?.(unknown));
  const migration = learnMigration(deps, sock.ws);
  const raw = Reflect.get(sock.ws, "socket") as RawSocket;
  const history = createReadableHistory({ ...deps, signal: ended.signal });
  const historyJournal = createHistoryJournal((notice) => fetchesHistory(notice, input.options));
  guardListeners(sock.ws, (event, error) => {
    if (ended.signal.aborted || !sock.ws.isOpen) {
      return deps.log.debug({ event, error }, "the connection closed meanwhile");
    }
    deps.log.error({ event, error }, "a stanza could not be handled");
    // The keys of the frames have gone out of step: nothing that comes on this connection can be read any more.
    if (event === "message") raw.terminate();
  });
  watchFrames(sock.ws, (unknown) => deps.unknownWire?.(unknown));
  followExpiration(sock.ws, listener.versionExpires);
  const acks = collectAcks(sock.ws);
  takeTokens(sock, deps);
  deps.newChats?.watch(input.instanceId, sock, ended.signal);
  let lastSeenAt: number | undefined;
  let lastFrameMs = clock.monotonicMs();
  let pauses = 0;
  let nudging = false;
  let isOver = false;
  let ownName = auth.creds.me?.name;

  const keyed = { ...deps, sock, groups, devices, signal: ended.signal, maxAgeMs: input.options.retries.maxAgeMs };
  const people = followPeople(keyed, input.instanceId);
  const questions = createPhoneQuestions({ ...deps, sleep, signal: ended.signal }, input.options.phoneQuestions);
  const placeholders = openPlaceholders(
    { ...deps, sock, questions, placeholders: prepared.placeholders, signal: ended.signal },
    input.options.placeholders,
  );
  const named = followUsernames(sock.ws, clock);
  const inBotChats = followBotChats(sock.ws, clock);
  const gate = openIntake(
    {
      ...intake,
      sock,
      takeOver: people.takeOver,
      signal: ended.signal,
      forward: async (stanza, journalId, own) => {
        const what = handedOn(stanza, own);
        await placeholders.keep(what.events);
        await hand({ ...what, journalIds: [journalId] });
      },
      owed: deps.owed,
      isPaused: () => pauses > 0,
      giveUp: () => raw.terminate(),
    },
    input.options.backlog,
  );

  const ending = { sock, browser: config.browser, signal: ended.signal };
  const linking = openLinking({ ...deps, ...ending, ceremony: () => passkey.isOn() }, input.options, listener);
  const passkey = openPasskey({ ...deps, ...ending, linking }, input.options.passkey, listener.passkey);
  // After linking, which clears the event of the offered references for itself.
  const wayIn = followWayIn(
    sock.ws,
    { ...deps, tearDown: () => raw.terminate() },
    { limitMs: 2 * input.options.connectTimeoutMs, signal: ended.signal },
  );

  function hand(batch: Omit<InboundBatch, "instanceId" | "own">): Promise<void> {
    const own = ownJids(auth.creds);
    if (own === undefined) return Promise.resolve();
    const full = deps.inbound.receive({ ...batch, instanceId: input.instanceId, own: ownAccount(own) });
    if (full === undefined) return Promise.resolve();
    pauses += 1;
    raw.pause();
    return full.finally(() => {
      pauses -= 1;
      lastFrameMs = clock.monotonicMs();
      if (pauses === 0) raw.resume();
    });
  }

  /** Whether the settings of the account are known: what comes from now on is a change. */
  const isSynced = (): boolean => auth.creds.accountSyncCounter > 0;

  /**
   * Baileys holds events back to merge them: for 20 s while it waits for a first history, for 30 s after some of its own
   * queries. Meanwhile they would only be in memory, and a full buffer could not stop the reading.
   */
  function nudge(): void {
    if (nudging || ended.signal.aborted) return;
    nudging = true;
    void sleep(maxHoldMs, ended.signal).then(() => {
      nudging = false;
      if (!ended.signal.aborted && sock.ev.isBuffering()) sock.ev.flush();
    });
  }

  sock.ws.on("frame", () => {
    lastSeenAt = clock.now();
    lastFrameMs = clock.monotonicMs();
    nudge();
  });
  sock.ev.on("creds.update", ({ me }) => {
    auth.credsChanged();
    if (me?.name === undefined || me.name === ownName) return;
    const isNews = ownName !== undefined && isSynced();
    ownName = me.name;
    const own = ownJids(auth.creds);
    if (!isNews || own === undefined) return;
    const captured = ownNameChanged(ownAccount(own), me.name, clock.now());
    void hand({ captured, journalIds: [], offline: false });
  });
  takeUnmerged(sock.ev, (events) => {
    // Baileys' own listeners are gone by now, too; the journal has what still came.
    if (isOver) return;
    named(events);
    inBotChats(events);
    settings.came(events);
    questions.heard(events);
    // What is not kept now is asked for by Baileys, once.
    void placeholders.keep(events).catch((error: unknown) => deps.log.warn({ error }, "a placeholder was not kept"));
    if ("messages.upsert" in events) migration.came(events["messages.upsert"].messages);
    if ("messaging-history.set" in events) {
      const set = events["messaging-history.set"];
      const notice = historyJournal.noticeOf(set);
      const journalIds = historyJournal.settledBy(events);
      // What is not handed on the journal brings again.
      history.read(set, notice, (whole) => {
        void hand({ events: { "messaging-history.set": whole }, journalIds, offline: false });
      });
      return;
    }
    const offline = events["messages.upsert"].type === "append";
    void hand({ events, journalIds: historyJournal.settledBy(events), offline });
  });
  sock.ev.process((all) => {
    const events = forwarded(all);
    // What the first sync brings was so before; nobody is told of every label of every chat.
    if (!isSynced()) delete events["labels.association"];
    groups.observe(events);
    if (Object.keys(events).length > 0) void hand({ events, journalIds: [], offline: false });
  });
  sock.ev.on("connection.update", (update) => {
    if (update.isNewLogin === true) listener.paired();
    if (update.connection === "open") {
      listener.opened();
      settings.opened();
      const query = (node: BinaryNode): Promise<unknown> => sock.query(node);
      void keepSignedPreKeyFresh({ ...deps, query }, input.options.signedPreKey, ended.signal);
    }
    if (update.connection !== "close") return;
    isOver = true;
    acks.close();
    if (!ended.signal.aborted) {
      const error = update.lastDisconnect?.error;
      deps.owed.closed(error);
      for (const unknown of unknownOf(error)) deps.unknownWire?.(unknown);
      listener.closed(closeOf(error, { now: clock.now(), upgrade: wayIn.upgrade(), early: wayIn.isEarly() }));
    }
    ended.abort();
  });

  return {
    sock,
    acks,
    pastStaleDevices: people.pastStaleDevices,
    ledger: deps.ledger,
    groups,
    gate,
    questions,
    linking,
    readers,
    migration,
    refusedBoth: new BoundedMap({ limit: maxRefused, ttlMs: refusedMs, clock }),
    lookedThrough: new BoundedMap({ limit: maxRefused, ttlMs: refusedMs, clock }),
    silent: new BoundedMap({ limit: 10, ttlMs: silentMs, clock }),
    passkey,
    own: () => ownJids(auth.creds),
    // WhatsApp protocol: smbi and smba are the business apps of iPhone and Android.
    isBusiness: () => auth.creds.platform === "smbi" || auth.creds.platform === "smba",
    pushName: () => auth.creds.me?.name ?? undefined,
    lastSeenAt: () => lastSeenAt,
    silentForMs: () => (pauses > 0 ? 0 : clock.monotonicMs() - lastFrameMs),
    tearDown: () => raw.terminate(),
    [Symbol.asyncDispose]: async () => {
      if (!ended.signal.aborted) {
        ended.abort();
        const done = new AbortController();
        const closing = sock.end(undefined).finally(() => done.abort());
        await sleep(input.options.closeGraceMs, done.signal);
        // The other side did not answer the close; Baileys waits for this one's "close".
        if (!done.signal.aborted) raw.terminate();
        await closing;
      }
      acks.close();
      await auth[Symbol.asyncDispose]();
    },
  };
}

const maxRefused = 1_000;
const refusedMs = 60 * 60_000;
const silentMs = 10 * 60_000;
/** Longest that Baileys may hold an event back. */
const maxHoldMs = 400;

function forwarded(all: Partial<BaileysEventMap>): Partial<BaileysEventMap> {
  const { "connection.update": _connection, "creds.update": _creds, ...events } = all;
  return events;
}
