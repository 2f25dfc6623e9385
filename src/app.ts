import { callbackSchemas } from "#callbacks/catalogue.ts";
import { acquireLeadership, announceStandby, hasStandby, type Leadership, tryLeadership } from "#cluster/leadership.ts";
import { startHeartbeat } from "#cluster/heartbeat.ts";
import { replaceLeader } from "#cluster/node-file.ts";
import { newNodeId } from "#cluster/node-id.ts";
import { writeServerFile } from "#cluster/server-file.ts";
import { runShutdown, type ShutdownPhase, type ShutdownReport } from "#cluster/shutdown.ts";
import { databasePath, makeDataDir } from "#config/data-dir.ts";
import type { Config } from "#config/schema.ts";
import { ensureSecrets, type Secrets } from "#config/secrets.ts";
import { WazapiError } from "#domain/errors.ts";
import type { HttpDeps } from "#http/deps.ts";
import { forwardTo } from "#http/forward.ts";
import { canSharePort, type HttpListener, isLoopbackHost, listenHttp } from "#http/listen.ts";
import { createHttp, type HttpApp, type HttpOptions } from "#http/mount.ts";
import { operationTable } from "#http/routes/table.ts";
import { standbyDeps, type StandbyParts } from "#http/standby.ts";
import type { Clock } from "#lib/clock.ts";
import { type AddressGuard, createAddressGuard } from "#lib/guard.ts";
import type { Log } from "#lib/log.ts";
import { sleep } from "#lib/sleep.ts";
import { createReadiness } from "#observe/health.ts";
import { createMetrics } from "#observe/metrics.ts";
import { openPostgresStore } from "#store/postgres/open.ts";
import { createSealer } from "#store/sealer.ts";
import { openSqliteStore } from "#store/sqlite/open.ts";
import type { Store } from "#store/store.ts";
import { realTransport, sandboxTransport } from "#whatsapp/transport.ts";
import { openWireWatch, watchedBy } from "#whatsapp/watch/wire-watch.ts";
import { type Engine, refuseOtherWorld, startEngine, takeOver } from "./engine.ts";
import { engineOptionsOf } from "./engine-options.ts";
import { emptyScratch } from "./scratch.ts";
import { openMediaRoom } from "./media-room.ts";
import { openOwnVersions } from "./own-version.ts";

/** What a process gives its app. */
export interface AppOptions {
  readonly log: Log;
  readonly clock: Clock;
  /** Version of the program. */
  readonly version: string;
  /** Replaces the store after it was opened: fault and crash tests put themselves in between. */
  readonly wrapStore?: (store: Store) => Store;
}

/** A running server. Disposing stops it in order; `close` does the same and tells how it went. */
export interface App extends AsyncDisposable {
  /** Base URL without a slash at the end. A standby on the port of its leader does not listen there yet. */
  readonly url: () => string;
  readonly tokens: { readonly client: string; readonly partner: string };
  readonly role: () => "leader" | "standby";
  /** Resolves once this process leads and works; rejects when it could not, or was closed before its turn. */
  readonly leading: Promise<void>;
  /** Resolves with the reason when it can work no longer: whoever runs it should close it and end. */
  readonly mustStop: Promise<string>;
  readonly close: () => Promise<ShutdownReport>;
}

/**
 * Opens the server on its data directory. While another process leads that directory this one is its standby: public
 * routes answer (unless the leader has the port), and it takes over as soon as the other is gone. Throws
 * `unavailable` for a busy port, `storage`, `newer_schema`, `invalid_config`.
 */
export async function openApp(config: Config, options: AppOptions, signal: AbortSignal): Promise<App> {
  await makeDataDir(config.dataDir);
  const secrets = await ensureSecrets(config);
  if (secrets.wasExposed) {
    options.log.warn({ file: secrets.file }, "other users could read the secrets until now; consider new ones");
  }
  const shell = createShell(config, { ...options, secrets });
  const closing = new AbortController();
  const either = AbortSignal.any([signal, closing.signal]);
  const first = tryLeadership({ dir: config.dataDir });
  if (first === undefined && !config.leadership.standby) {
    throw new WazapiError("conflict", { message: `another wazapi works in ${config.dataDir}` });
  }
  try {
    if (first === undefined) await shell.listenAsStandby(either);
    else await lead(shell, { leadership: first, announced: undefined }, either);
  } catch (error) {
    await close(shell, config.shutdown.deadlineMs);
    throw error;
  }
  const leading = first === undefined ? waitForTurn(shell, either) : Promise.resolve();
  // Whoever does not wait for it learns of a failure by `mustStop`.
  leading.catch(() => {});
  let closed: Promise<ShutdownReport> | undefined;
  const end = async (): Promise<ShutdownReport> => {
    closing.abort();
    await leading.catch(() => {});
    return await close(shell, config.shutdown.deadlineMs);
  };
  const app: App = {
    url: shell.url,
    tokens: { client: secrets.clientToken, partner: secrets.partnerToken },
    role: () => shell.role,
    leading,
    mustStop: shell.mustStop.promise,
    close: () => (closed ??= end()),
    [Symbol.asyncDispose]: async () => void (await app.close()),
  };
  return app;
}

/** What stands around the engine, whether there is one or not. */
interface Shell {
  readonly config: Config;
  readonly options: AppOptions & { readonly secrets: Secrets };
  readonly owner: string;
  readonly guard: AddressGuard;
  readonly metrics: ReturnType<typeof createMetrics>;
  readonly stopping: AbortController;
  readonly mustStop: PromiseWithResolvers<string>;
  readonly url: () => string;
  role: "leader" | "standby";
  availability: "open" | "draining";
  store: Store | undefined;
  leadership: Leadership | undefined;
  engine: Engine | undefined;
  /** Closed last. */
  readonly readiness: Disposable;
  /** Closed after the engine, in the order they are in. */
  readonly phases: ShutdownPhase[];
  /** Serves the routes of a working server from now on; undefined goes back to those of a standby. */
  readonly serve: (deps: ServedParts | undefined) => void;
  readonly listenAsStandby: (signal: AbortSignal) => Promise<void>;
  readonly listen: (input: { readonly succeeds: boolean }, signal: AbortSignal) => Promise<void>;
  readonly listener: () => HttpListener | undefined;
}

type ServedParts = Omit<HttpDeps, keyof StandbyParts | "availability">;

function createShell(config: Config, options: Shell["options"]): Shell {
  const { clock, log, secrets } = options;
  const { host, port } = config.http.addr;
  const stopping = new AbortController();
  const guard = createAddressGuard({
    allowPrivate: config.outbound.allowPrivate,
    allowLoopback: config.outbound.allowLoopback,
  });
  const metrics = createMetrics({ enabled: config.metrics.enabled, version: options.version }, clock);
  const readiness = createReadiness(
    {
      clock,
      role: () => shell.role,
      store: () => shell.store,
      dataDir: config.dataDir,
      lockHeld: () => shell.leadership?.stillHeld(),
      log: log.child({ component: "health" }),
      ...(config.sandbox.url === undefined ? {} : { sandboxUrl: config.sandbox.url }),
    },
    config.health,
  );
  const parts: StandbyParts = {
    readiness,
    metrics,
    addressGuard: guard,
    publicUrl: () => config.media.publicUrl ?? shell.url(),
    stopping: stopping.signal,
    clock,
    log: log.child({ component: "http" }),
    webhookSchemas: Object.fromEntries(Object.entries(callbackSchemas()).map(([name, { schema }]) => [name, schema])),
    version: options.version,
  };
  const httpOptions = httpOptionsOf(config, secrets);
  const operations = operationTable();
  const waiting = createHttp(standbyDeps(parts), operations, httpOptions);
  let current: HttpApp = waiting;
  let listener: HttpListener | undefined;

  const shell: Shell = {
    config,
    options,
    guard,
    metrics,
    readiness,
    stopping,
    owner: newNodeId(),
    mustStop: Promise.withResolvers<string>(),
    url: () => listener?.url ?? `http://${host}:${port}`,
    role: "standby",
    availability: "open",
    store: undefined,
    leadership: undefined,
    engine: undefined,
    phases: [],
    serve: (served) => {
      if (served === undefined) current = waiting;
      else {
        const deps: HttpDeps = { ...parts, ...served, availability: () => shell.availability };
        current = createHttp(deps, operations, httpOptions);
      }
    },
    listener: () => listener,
    listen: async ({ succeeds }, signal) => {
      const app: Pick<HttpApp, "nodeListener"> = {
        nodeListener: (request, response) => current.nodeListener(request, response),
      };
      // Once it listens it does so until the shutdown comes to it: health and refusals are answered up to the end.
      const waiting = new AbortController();
      const stopWaiting = (): void => waiting.abort();
      signal.addEventListener("abort", stopWaiting, { once: true });
      try {
        listener = await listenHttp(app, { host, port, succeeds, drainMs: listenerDrainMs }, waiting.signal);
      } finally {
        signal.removeEventListener("abort", stopWaiting);
      }
    },
    listenAsStandby: async (signal) => {
      try {
        await shell.listen({ succeeds: false }, signal);
      } catch {
        // Most likely by the leader; if not, the takeover fails and says so.
        log.info({ host, port }, "the port is in use; it is taken over with the leadership");
      }
    },
  };
  return shell;
}

/** Requests in flight when the listener closes; everything they could wait for is closed already. */
const listenerDrainMs = 2_000;

function httpOptionsOf(config: Config, secrets: Secrets): HttpOptions {
  const { perSecond, burst } = config.http.rateLimit;
  const sandbox = config.sandbox.url;
  return {
    clientAuthToken: secrets.clientToken,
    partnerAuthToken: secrets.partnerToken,
    maxBodyBytes: config.http.maxBodyBytes,
    ...(perSecond === 0 ? {} : { rateLimit: { perSecond, burst, maxTokens: 10_000 } }),
    ...(sandbox === undefined || !isLoopbackHost(config.http.addr.host)
      ? {}
      : { mounts: [{ prefix: "/sandbox", scope: "partner", fetch: forwardTo(sandbox) }] }),
  };
}

async function waitForTurn(shell: Shell, signal: AbortSignal): Promise<void> {
  const { config, options } = shell;
  const onStandby = (): void => options.log.info({ dataDir: config.dataDir }, "standby: another process leads");
  using announced = announceStandby({ dir: config.dataDir });
  const leadership = await acquireLeadership({ sleep, onStandby }, { dir: config.dataDir }, signal);
  try {
    await lead(shell, { leadership, announced }, signal);
  } catch (error) {
    options.log.error({ error }, "leadership could not be taken up");
    shell.mustStop.resolve("takeover_failed");
    throw error;
  }
}

/**
 * Opens everything that works, in the order of dependence; what was opened before a failure is closed by `close`. Who
 * had `announced` itself takes the port first of all: the former leader leaves it open until then.
 */
async function lead(
  shell: Shell,
  { leadership, announced }: { readonly leadership: Leadership; readonly announced: Disposable | undefined },
  signal: AbortSignal,
): Promise<void> {
  const { config, options, owner, phases } = shell;
  const { clock, log } = options;
  const close = (name: string, part: AsyncDisposable): void => {
    phases.unshift({ name, run: async () => part[Symbol.asyncDispose]() });
  };
  shell.leadership = leadership;
  await emptyScratch(config.dataDir);
  close("leadership", leadership);
  if (announced !== undefined) {
    // A port that cannot be shared is free only when the former leader is gone.
    if (!canSharePort) announced[Symbol.dispose]();
    if (shell.listener() === undefined) await shell.listen({ succeeds: true }, signal);
    announced[Symbol.dispose]();
  }
  const opened = await openStore(shell, signal);
  close("store", opened);
  const store = options.wrapStore?.(opened) ?? opened;
  shell.store = store;
  const former = await replaceLeader({ dir: config.dataDir, nodeId: owner });
  // The database in the directory has one leader at a time; in a shared one only the former leader is known to be gone.
  if (config.store.postgresDsn === undefined) await takeOver(store, { owner, now: clock.now() });
  else if (former !== undefined) await takeOver(store, { owner, dead: former, now: clock.now() });
  await refuseOtherWorld(store, config.sandbox.url === undefined ? "real" : "sandbox");
  const transport =
    config.sandbox.url === undefined ? realTransport() : await sandboxTransport(config.sandbox.url, signal);
  close("transport", transport);
  const versionLog = log.child({ component: "whatsapp" });
  const webVersions = await openOwnVersions({ transport, clock, log: versionLog }, config, shell.stopping.signal);
  const heartbeat = startHeartbeat(
    {
      leases: store.leases,
      leadership,
      onLost: (reason) => shell.mustStop.resolve(reason),
      clock,
      sleep,
      log: log.child({ component: "cluster" }),
    },
    { nodeId: owner, everyMs: config.leadership.heartbeatMs },
    new AbortController().signal,
  );
  close("heartbeat", heartbeat);
  const room = await openMediaRoom(
    { store, owner, guard: shell.guard, clock, log, url: shell.url, engine: () => shell.engine },
    { config, secretKey: options.secrets.secretKey },
    signal,
  );
  close("media", room);
  const unknownWire = await openWireWatch({ clock, log, dir: config.dataDir });
  close("unknown wire", unknownWire);
  const engine = startEngine(
    {
      store,
      transport,
      webVersions,
      clock,
      log,
      owner,
      guard: shell.guard,
      media: room.engine,
      observe: watchedBy(unknownWire, shell.metrics.observe),
    },
    engineOptionsOf(config, owner),
  );
  shell.engine = engine;
  shell.metrics.watch({ stats: engine.stats, sessions: engine.sessions, store });
  shell.serve({ ...engine.http, ...room.http, unknownWire });
  shell.role = "leader";
  if (shell.listener() === undefined) await shell.listen({ succeeds: false }, signal);
  const server = { url: shell.url(), pid: process.pid, startedAt: clock.now() };
  close("server file", await writeServerFile({ dir: config.dataDir, server }));
  log.info({ url: shell.url(), nodeId: owner }, "leading");
  void engine.sessions.startAll(shell.stopping.signal);
}

async function openStore({ config, options }: Shell, signal: AbortSignal): Promise<Store> {
  const deps = { clock: options.clock, log: options.log.child({ component: "store" }) };
  const sealer = createSealer(options.secrets.secretKey);
  const { postgresDsn: dsn, sessionPostgresDsn, maxConnections } = config.store;
  if (dsn === undefined) {
    return await openSqliteStore(deps, { path: databasePath(config.dataDir), sealer }, signal);
  }
  const session = sessionPostgresDsn === undefined ? {} : { session: { dsn: sessionPostgresDsn, maxConnections } };
  return await openPostgresStore(deps, { dsn, maxConnections, sealer, ...session }, signal);
}

async function close(shell: Shell, deadlineMs: number): Promise<ShutdownReport> {
  const { clock, log } = shell.options;
  const listener = shell.listener();
  const phases: readonly ShutdownPhase[] = [
    {
      name: "refuse sends",
      run: async () => {
        shell.availability = "draining";
        shell.stopping.abort();
      },
    },
    ...(shell.engine?.phases ?? []),
    {
      name: "routes",
      run: async () => {
        shell.role = "standby";
        shell.serve(undefined);
        shell.metrics.watch(undefined);
        shell.store = undefined;
      },
    },
    ...shell.phases,
    { name: "successor", run: async (signal) => untilArrived(shell, signal) },
    {
      name: "listener",
      run: async () => {
        await listener?.[Symbol.asyncDispose]();
        shell.readiness[Symbol.dispose]();
      },
    },
  ];
  return await runShutdown({ clock, sleep, log: log.child({ component: "shutdown" }) }, { phases, deadlineMs });
}

/** Waits until the standby has the port, when there is one: nobody who calls in between is refused. */
async function untilArrived(shell: Shell, signal: AbortSignal): Promise<void> {
  if (shell.leadership === undefined) return;
  const { dataDir } = shell.config;
  const stopped = AbortSignal.any([signal, AbortSignal.timeout(arrivalMs)]);
  while (!stopped.aborted && hasStandby({ dir: dataDir })) await sleep(arrivalPollMs, stopped);
}

/** A standby that takes longer than this to arrive is not waited for. */
const arrivalMs = 2_000;
const arrivalPollMs = 20;
