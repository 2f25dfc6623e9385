import { isWazapiError } from "#domain/errors.ts";
import type { Connection, Instance } from "#domain/instance.ts";
import type { QrTicket, SessionView } from "#domain/session.ts";
import { sleep } from "#lib/sleep.ts";
import { openAuthState } from "./auth-state.ts";
import { announcementOf, connectionOf } from "./connection-record.ts";
import { holdLease, type HeldLease } from "./lease.ts";
import { createOwedAcks } from "./intake/owed-acks.ts";
import { createQuietReconnect, quietMs } from "./intake/quiet-reconnect.ts";
import { openLiveSocket, type LiveSocket } from "./live-socket.ts";
import type { SessionsOptions } from "./options.ts";
import { ownJids } from "./own-account.ts";
import { passkeyAsked, passkeyEndOf } from "./passkey/moves.ts";
import { createPairing } from "./pairing.ts";
import { reconnectWaitMs } from "./reconnect.ts";
import { createRetryLedger } from "./retries/retry-ledger.ts";
import { replayJournal } from "./replay.ts";
import type { OneSessionDeps } from "./session-deps.ts";
import {
  initialState,
  step,
  type Effect,
  type SessionEvent,
  type SessionState,
  type StepLimits,
} from "./session-state.ts";
import { standingOf } from "./staying/standing.ts";
import { watchLife } from "./staying/life.ts";
import { unlinkOwn } from "./staying/unlink-own.ts";
import { storedContent } from "./stored-content.ts";
import { createSessionVersion } from "./web-version/session-version.ts";

/** One instance's session. Disposing closes the socket without a logout and tells nobody: the process goes. */
export interface Session extends AsyncDisposable {
  /** Resolves once what follows from the event has been started; rejects when it could not be (`lease_lost`). */
  readonly apply: (event: SessionEvent) => Promise<void>;
  readonly state: () => SessionState;
  readonly view: () => SessionView;
  /** The socket while it is connected. */
  readonly open: () => LiveSocket | undefined;
  /** The socket while it waits for a phone. */
  readonly pairingSocket: () => LiveSocket | undefined;
  readonly ticket: (signal: AbortSignal) => Promise<QrTicket | undefined>;
  readonly untilOpen: (signal: AbortSignal) => Promise<void>;
  /** Hands journal rows without event to the pipeline; answers how many. */
  readonly replay: (olderThanMs: number, signal: AbortSignal) => Promise<number>;
}

/** Makes the session of an instance; it does nothing before `apply`. */
export function createSession(deps: OneSessionDeps, instance: Instance, options: SessionsOptions): Session {
  const { clock } = deps;
  const simulated = deps.transport.kind === "sandbox";
  const instanceId = instance.id;
  const log = deps.log.child({ instanceId });
  const pairing = createPairing(clock, options);
  const webVersion = createSessionVersion({ versions: deps.webVersions, log }, options.version);
  const ledger = createRetryLedger(clock, options.retries);
  const disposal = new AbortController();
  /** Aborted once the present socket is asked for a passkey: no QR comes any more. */
  let asked = new AbortController();
  const openWaiters = new Set<() => void>();
  let state = initialState({
    paired: instance.connection.phone !== undefined,
    state: instance.connection.state,
    ...(instance.connection.reason === undefined ? {} : { reason: instance.connection.reason }),
    ...(instance.connection.refusal === undefined ? {} : { refusal: instance.connection.refusal }),
  });
  let connection: Connection = instance.connection;
  let lease: HeldLease | undefined;
  let live: LiveSocket | undefined;
  let liveScope: AbortController | undefined;
  let retry: { readonly stop: AbortController; readonly nextAt: number } | undefined;
  let openedMs = 0;
  let line: Promise<void> = Promise.resolve();

  const limits = (): StepLimits => ({ maxHeals: options.reconnect.maxHeals, now: clock.now() });

  const owed = createOwedAcks({ log, ...deps.observe });
  const announce = createQuietReconnect((batch) => void deps.inbound.receive(batch), quietMs, disposal.signal);

  /** Events take effect one after the other, in the order they happened. */
  function apply(event: SessionEvent): Promise<void> {
    const done = line.then(() => handle(event));
    line = done.catch(() => {});
    return done;
  }

  /** For events without a caller. */
  async function happen(event: SessionEvent): Promise<void> {
    await apply(event).catch((error: unknown) => log.error({ event: event.type, error }, "session event failed"));
  }

  async function handle(event: SessionEvent): Promise<void> {
    if (disposal.signal.aborted) return;
    const before = state;
    const { next, effects } = step(state, event, limits());
    state = next;
    try {
      for (const effect of effects) await perform(effect);
    } catch (error) {
      if (isWazapiError(error, "lease_lost") && lease === undefined) {
        // Another process drives this account; what is stored about it is that one's word.
        state = { ...before, wanted: false, socket: false, retrying: false };
      } else await windUp(error);
      throw error;
    } finally {
      await settle(before);
    }
  }

  async function perform(effect: Effect): Promise<void> {
    switch (effect.type) {
      case "open":
        return openSocket();
      case "close":
        return closeSocket();
      case "unlink":
        if (live !== undefined) await unlinkOwn(live);
        return closeSocket();
      case "clear":
        await closeSocket();
        lease ??= await takeLease();
        await deps.authState.clear({ instanceId, token: lease.token });
        return;
      case "retry":
        // Whoever waits for long is the one who comes back: nobody else has to look after this account meanwhile.
        if (effect.wait === "until") lease ??= await takeLease();
        return retryAfter(
          reconnectWaitMs(options.reconnect, { ...effect, failures: state.failures, now: clock.now() }),
        );
      case "suspectVersion":
        log.warn({ certain: effect.certain, statusCode: state.statusCode }, "whatsapp seems to refuse the version");
        deps.versionSuspected?.({ instanceId, certain: effect.certain });
        void webVersion.refused().then(async (isAnother) => (isAnother ? happen({ type: "retryNow" }) : undefined));
        return;
      case "cancelRetry":
        retry?.stop.abort();
        retry = undefined;
    }
  }

  /** An effect that could not be performed: the session stands still or tries again, never in between. */
  async function windUp(cause: unknown): Promise<void> {
    const lost = isWazapiError(cause, "lease_lost");
    const { next, effects } = step(state, { type: lost ? "leaseLost" : "storageFailed" }, limits());
    state = next;
    for (const effect of effects) {
      await perform(effect).catch((again: unknown) => log.error({ error: again }, "session could not be wound up"));
    }
  }

  /** Lets go of what is no longer needed, then writes down and tells what changed. */
  async function settle(before: SessionState): Promise<void> {
    const phone = connection.phone ?? live?.own()?.id.replace(/[:@].*$/, "");
    const isBusiness = live?.isBusiness() ?? false;
    const changed = before.state !== state.state || before.reason !== state.reason;
    if (changed) connection = connectionOf(state, { previous: connection, live, simulated, now: clock.now() });
    if (!state.socket) await closeSocket();
    const end = passkeyEndOf(before, state);
    if (end !== undefined) deps.observe?.passkeyEnded(end);
    // While the lease is held: what is stored without a holder counts as abandoned.
    if (changed) await record();
    if (!state.wanted) await releaseLease();
    if (!changed) return;
    log.info(standingOf(state), "session state changed");
    if (before.state === "connected" && state.wanted) deps.observe?.reconnected(state.reason ?? "unknown");
    if (state.state === "connected") wake();
    tellPasskey(before);
    const captured = announcementOf(before, state, { phone, isBusiness, now: clock.now() });
    if (captured === undefined || phone === undefined) return;
    const { lid } = connection;
    const own = lid === undefined ? { phone } : { phone, lid };
    announce({ instanceId, own, captured, journalIds: [], offline: false }, { quiet: owed.isOwed() && state.retrying });
  }

  /** The account has no number yet, and nothing of it is in the event. */
  function tellPasskey(before: SessionState): void {
    const captured = passkeyAsked(before, state, { view: live?.passkey.view(), now: clock.now() });
    if (captured === undefined) return;
    void deps.inbound.receive({ instanceId, own: { phone: "" }, captured, journalIds: [], offline: false });
  }

  async function record(): Promise<void> {
    try {
      // Whoever took the lease over keeps the record of this account now.
      if (state.reason === "lease_lost" && (await ownedElsewhere())) return;
      await deps.instances.recordConnection({ instanceId, connection });
    } catch (error) {
      log.error({ error }, "session state not stored");
    }
  }

  async function ownedElsewhere(): Promise<boolean> {
    const held = await deps.leases.get({ name: `instance:${instanceId}` });
    return held !== undefined && held.owner !== deps.owner && held.expiresAt > clock.now();
  }

  function wake(): void {
    for (const resolve of openWaiters) resolve();
    openWaiters.clear();
  }

  async function releaseLease(): Promise<void> {
    const held = lease;
    lease = undefined;
    await held?.[Symbol.asyncDispose]();
  }

  async function takeLease(): Promise<HeldLease> {
    return await holdLease(
      deps,
      {
        instanceId,
        owner: deps.owner,
        ttlMs: options.leaseTtlMs,
        renewMs: options.leaseRenewMs,
        ...(options.deadAfterMs === undefined ? {} : { deadAfterMs: options.deadAfterMs }),
      },
      () => loseLease(),
    );
  }

  /** Another process may drive this account from now on: not one more frame may leave. */
  function loseLease(): void {
    live?.tearDown();
    void happen({ type: "leaseLost" });
  }

  async function openSocket(): Promise<void> {
    await closeSocket();
    lease ??= await takeLease();
    const scope = new AbortController();
    const auth = await openAuthState(deps.authState, {
      instanceId,
      token: lease.token,
      maxCachedKeys: options.maxCachedKeys,
      maxCommitTries: options.maxCommitTries,
      onPairs: (pairs) => {
        deps.directory
          .putPairs({ instanceId, pairs })
          .catch((error: unknown) => log.warn({ error }, "numbers and LIDs not stored"));
      },
      onFailure: (error) => {
        // What is not stored must not be confirmed: nothing more leaves this socket.
        live?.tearDown();
        if (scope.signal.aborted) return;
        scope.abort();
        log.error({ error }, "signal state not stored");
        void happen({ type: isWazapiError(error, "lease_lost") ? "leaseLost" : "storageFailed" });
      },
    });
    if (auth.paired !== state.paired) {
      state = { ...state, paired: auth.paired, state: auth.paired ? "connecting" : "pairing" };
    }
    asked = new AbortController();
    const own = ownJids(auth.creds);
    const signal = AbortSignal.any([scope.signal, disposal.signal]);
    const unfinished = own === undefined ? [] : (await replayJournal(deps, { instanceId, own }, signal)).unfinished;
    const fresh = await deps.instances.get({ instanceId });
    const version = await webVersion.forConnection(signal);
    const socket = openLiveSocket(
      {
        ...deps,
        ...deps.observe,
        auth,
        log,
        owed,
        ledger,
        getMessage: ({ id }) => storedContent(deps, { instanceId, messageId: id }),
      },
      {
        instanceId,
        deviceName: fresh?.settings.sessionName ?? instance.settings.sessionName,
        options: version === undefined ? options : { ...options, version },
      },
      {
        qr: (qr, isNext) => {
          if (!isNext) return pairing.replace(qr);
          pairing.offer(qr);
          void happen({ type: "qrShown" });
        },
        versionExpires: webVersion.expires,
        codeEnded: (reason) => void happen({ type: "pairingStep", reason }),
        paired: () => void happen({ type: "paired" }),
        passkey: {
          stage: (stage) => {
            asked.abort();
            void happen({ type: "passkey", stage });
          },
          failed: (failure, code) =>
            void happen({ type: "passkeyFailed", failure, ...(code !== undefined && { statusCode: code }) }),
        },
        opened: () => {
          openedMs = clock.monotonicMs();
          socket.gate.inject(unfinished);
          if (!scope.signal.aborted) void happen({ type: "opened" });
        },
        closed: (close) => {
          if (scope.signal.aborted) return;
          const stable = state.state === "connected" && clock.monotonicMs() - openedMs >= options.reconnect.stableMs;
          void happen({ type: "closed", stable, ...close });
          if (state.paired) return;
          webVersion.linkingFailed();
          if (!pairing.awaited()) return;
          // Somebody still waits for a QR: a new connection brings new ones.
          void happen({ type: "start" });
        },
      },
    );
    live = socket;
    liveScope = scope;
    void watchLife({ socket, options, touch, silent: () => void happen({ type: "silent" }) }, scope.signal);
  }

  async function closeSocket(): Promise<void> {
    const socket = live;
    live = undefined;
    liveScope?.abort();
    liveScope = undefined;
    pairing.withdraw();
    await socket?.[Symbol.asyncDispose]();
  }

  function retryAfter(waitMs: number): void {
    const stop = new AbortController();
    const mine = { stop, nextAt: clock.now() + waitMs };
    retry = mine;
    const signal = AbortSignal.any([stop.signal, disposal.signal]);
    void sleep(waitMs, signal).then(async () => {
      if (signal.aborted) return;
      await happen({ type: "retryDue" });
      // Until then it is still on its way; whoever looks meanwhile must not take it for given up.
      if (retry === mine) retry = undefined;
    });
  }

  async function touch(lastSeenAt: number): Promise<boolean> {
    if (state.state !== "connected") return false;
    connection = { ...connection, lastSeenAt };
    await deps.instances
      .touchConnection({ instanceId, lastSeenAt })
      .catch((error: unknown) => log.warn({ error }, "last sign of life not stored"));
    return true;
  }

  const open = (): LiveSocket | undefined => (state.state === "connected" ? live : undefined);

  return {
    apply,
    state: () => state,
    view: () => {
      const lastSeenAt = live?.lastSeenAt() ?? connection.lastSeenAt;
      return {
        connection: { ...connection, ...(lastSeenAt === undefined ? {} : { lastSeenAt }) },
        owned: lease !== undefined,
        ...(live === undefined ? {} : { silentForMs: live.silentForMs() }),
        ...webVersion.view(),
        ...(retry === undefined ? {} : { retry: { failures: state.failures, nextAt: retry.nextAt } }),
      };
    },
    open,
    pairingSocket: () => (state.paired ? undefined : live),
    ticket: (signal) => pairing.ticket(AbortSignal.any([signal, asked.signal])),
    untilOpen: async (signal) => {
      if (signal.aborted || open() !== undefined) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      openWaiters.add(resolve);
      const end = (): void => resolve();
      signal.addEventListener("abort", end, { once: true });
      await promise;
      signal.removeEventListener("abort", end);
      openWaiters.delete(resolve);
    },
    replay: async (olderThanMs, signal) => {
      const own = live?.own();
      if (own === undefined) return 0;
      const { rows, unfinished } = await replayJournal(deps, { instanceId, own, olderThanMs }, signal);
      open()?.gate.inject(unfinished);
      return rows;
    },
    [Symbol.asyncDispose]: async () => {
      disposal.abort();
      await line;
      retry?.stop.abort();
      retry = undefined;
      const wasUp = live !== undefined;
      connection = connectionOf(state, { previous: connection, live, simulated, now: clock.now() });
      await closeSocket();
      wake();
      if (wasUp && state.paired) {
        connection = { ...connection, state: "disconnected", reason: "shutdown", at: clock.now() };
        await record();
      }
      await releaseLease();
    },
  };
}
