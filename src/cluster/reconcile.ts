import type { Instance } from "#domain/instance.ts";
import { isPaired } from "#domain/instance.ts";
import { isWazapiError } from "#domain/errors.ts";
import type { SessionControl } from "#domain/session.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { sleep } from "#lib/sleep.ts";
import type { InstanceStore } from "#store/instances.ts";
import { diagnose, type DiagnoseOptions, type Diagnosis } from "./diagnose.ts";

/**
 * What a look at everything can find. `claims`: leases, lanes and claims of processes that died. `history`: chats that
 * lack their newest messages.
 */
export type Finding = Exclude<Diagnosis["finding"], "healthy"> | "journal" | "history" | "claims" | "failed";

/** How often each thing was found in one round. */
export type Findings = Readonly<Partial<Record<Finding, number>>>;

/** What reconciling works with. */
export interface ReconcileDeps {
  readonly instances: Pick<InstanceStore, "list">;
  readonly sessions: Pick<SessionControl, "start" | "restart" | "view"> & {
    /** Hands journal rows without an event, older than `olderThanMs`, to the pipeline; answers how many. */
    readonly replayJournal: (
      input: { readonly instanceId: string; readonly olderThanMs: number },
      signal: AbortSignal,
    ) => Promise<number>;
    /** Asks the phone for what chats lack; answers for how many. Left out where nobody can be asked. */
    readonly closeHistoryGaps?: (instanceId: string, signal: AbortSignal) => Promise<number>;
  };
  /** Frees what dead processes hold; answers how many. Left out where expiry alone decides. */
  readonly releaseExpired?: () => Promise<number>;
  /** Whether this process should drive the instance; every one when left out. */
  readonly owns?: (instanceId: string) => boolean;
  /** Called for each finding, for metrics. */
  readonly found?: (finding: Finding, count: number) => void;
  readonly clock: Clock;
  readonly sleep: typeof sleep;
  readonly log: Log;
}

/** How often, and what counts as wrong. */
export interface ReconcileOptions extends DiagnoseOptions {
  readonly everyMs: number;
  /** Before the first round: what is still being started is no gap. */
  readonly firstAfterMs: number;
  /** Journal rows younger than this are still on their way. */
  readonly journalAgeMs: number;
}

/** Defaults, milliseconds. */
export const defaultReconcileOptions: ReconcileOptions = {
  everyMs: 15_000,
  firstAfterMs: 15_000,
  journalAgeMs: 60_000,
  silentMs: 120_000,
  stuckMs: 90_000,
  replacedMs: 3_600_000,
};

/** Closes gaps that nobody reported. Disposing waits for the round in hand. */
export interface Reconcile extends AsyncDisposable {
  /** Runs a round now and answers what it found. */
  readonly request: () => Promise<Findings>;
  /** What the last round found, and when it ended (epoch milliseconds). */
  readonly last: () => { readonly at: number; readonly findings: Findings } | undefined;
}

// Instances of one page.
const pageSize = 100;

/** Starts looking: after `firstAfterMs`, then every `everyMs`, and whenever asked. */
export function startReconcile(deps: ReconcileDeps, options: ReconcileOptions, signal: AbortSignal): Reconcile {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  let nap = new AbortController();
  let waiting: ((findings: Findings) => void)[] = [];
  let last: { readonly at: number; readonly findings: Findings } | undefined;
  const endNap = (): void => nap.abort();
  either.addEventListener("abort", endNap, { once: true });

  const run = async (): Promise<void> => {
    await deps.sleep(options.firstAfterMs, nap.signal);
    while (!either.aborted) {
      nap = new AbortController();
      const asked = waiting;
      waiting = [];
      const findings = await runRound(deps, options, either);
      last = { at: deps.clock.now(), findings };
      for (const answer of asked) answer(findings);
      if (waiting.length === 0 && !either.aborted) await deps.sleep(options.everyMs, nap.signal);
    }
    for (const answer of waiting) answer({});
  };
  const running = run();

  return {
    request: () => {
      if (either.aborted) return Promise.resolve({});
      return new Promise((resolve) => {
        waiting.push(resolve);
        nap.abort();
      });
    },
    last: () => last,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
      either.removeEventListener("abort", endNap);
    },
  };
}

async function runRound(deps: ReconcileDeps, options: ReconcileOptions, signal: AbortSignal): Promise<Findings> {
  const findings: Partial<Record<Finding, number>> = {};
  const found = (finding: Finding, count: number, instanceId?: string): void => {
    if (count === 0) return;
    findings[finding] = (findings[finding] ?? 0) + count;
    deps.found?.(finding, count);
    deps.log.warn({ finding, count, ...(instanceId === undefined ? {} : { instanceId }) }, "reconcile found a gap");
  };
  try {
    if (deps.releaseExpired !== undefined) found("claims", await deps.releaseExpired());
    for await (const instance of pairedInstances(deps, signal)) {
      try {
        await reconcileOne({ ...deps, found }, { instance, options }, signal);
      } catch (error) {
        // Deleted meanwhile, or driven by another node: no gap of ours.
        if (isWazapiError(error, "instance_not_found", "lease_lost")) continue;
        deps.log.error({ instanceId: instance.id, error }, "instance not reconciled");
        found("failed", 1, instance.id);
      }
    }
  } catch (error) {
    deps.log.error({ error }, "reconcile round failed");
    found("failed", 1);
  }
  return findings;
}

async function* pairedInstances(deps: ReconcileDeps, signal: AbortSignal): AsyncGenerator<Instance> {
  for (let offset = 0; !signal.aborted; offset += pageSize) {
    const { instances } = await deps.instances.list({ offset, limit: pageSize });
    for (const instance of instances) {
      if (signal.aborted) return;
      if (isPaired(instance.connection) && (deps.owns?.(instance.id) ?? true)) yield instance;
    }
    if (instances.length < pageSize) return;
  }
}

async function reconcileOne(
  deps: Pick<ReconcileDeps, "sessions" | "clock"> & {
    readonly found: (finding: Finding, count: number, instanceId?: string) => void;
  },
  input: { readonly instance: Instance; readonly options: ReconcileOptions },
  signal: AbortSignal,
): Promise<void> {
  const { instance, options } = input;
  const { sessions, found } = deps;
  const instanceId = instance.id;
  const { finding, remedy } = diagnose(await sessions.view(instanceId), options, deps.clock.now());
  if (finding !== "healthy") found(finding, 1, instanceId);
  if (remedy === "start") await sessions.start(instanceId);
  if (remedy === "restart") await sessions.restart(instanceId);
  const replayed = await sessions.replayJournal({ instanceId, olderThanMs: options.journalAgeMs }, signal);
  found("journal", replayed, instanceId);
  found("history", (await sessions.closeHistoryGaps?.(instanceId, signal)) ?? 0, instanceId);
}
