import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { sleep } from "#lib/sleep.ts";

/** One step of a shutdown. */
export interface ShutdownPhase {
  /** Constant, for the log. */
  readonly name: string;
  /** The signal aborts when its time is up: then it should stop waiting, not start anything. */
  readonly run: (signal: AbortSignal) => Promise<unknown>;
  /** At most so much of the common deadline, milliseconds. */
  readonly maxMs?: number;
}

/** How it went. Clean when both lists are empty. */
export interface ShutdownReport {
  /** Phases that did not come to an end in time. */
  readonly hung: readonly string[];
  readonly failed: readonly string[];
  readonly tookMs: number;
}

/** What a shutdown works with. */
export interface ShutdownDeps {
  readonly clock: Clock;
  readonly sleep: typeof sleep;
  readonly log: Log;
}

// What a phase gets to obey the abort of its signal, and what later ones get once the deadline is over.
const graceMs = 500;
// From then on it is told what is being waited for: whoever is about to stop it at once should know.
const patientMs = 2_000;

/**
 * Runs the phases in order under one deadline. A phase that fails or hangs is named and does not keep the later ones
 * from running: leases are given back and stores closed in any case. Never throws.
 */
export async function runShutdown(
  deps: ShutdownDeps,
  input: { readonly phases: readonly ShutdownPhase[]; readonly deadlineMs: number },
): Promise<ShutdownReport> {
  const { clock, log } = deps;
  const startedAtMs = clock.monotonicMs();
  const hung: string[] = [];
  const failed: string[] = [];
  for (const phase of input.phases) {
    const leftMs = Math.max(0, startedAtMs + input.deadlineMs - clock.monotonicMs());
    const phaseStartedAtMs = clock.monotonicMs();
    const end = await runPhase(deps, phase, Math.min(leftMs, phase.maxMs ?? leftMs));
    const tookMs = Math.round(clock.monotonicMs() - phaseStartedAtMs);
    if (end === "done") log.debug({ phase: phase.name, tookMs }, "shutdown phase done");
    else if (end === "hung") {
      hung.push(phase.name);
      log.error({ phase: phase.name, tookMs }, "shutdown phase hangs");
    } else {
      failed.push(phase.name);
      log.error({ phase: phase.name, tookMs, error: end.error }, "shutdown phase failed");
    }
  }
  const tookMs = Math.round(clock.monotonicMs() - startedAtMs);
  log.info({ hung, failed, tookMs }, "shutdown finished");
  return { hung, failed, tookMs };
}

async function runPhase(
  deps: ShutdownDeps,
  phase: ShutdownPhase,
  limitMs: number,
): Promise<"done" | "hung" | { readonly error: unknown }> {
  const timeUp = new AbortController();
  const over = new AbortController();
  const run = async (): Promise<"done" | { readonly error: unknown }> => {
    try {
      await phase.run(timeUp.signal);
      return "done";
    } catch (error) {
      return { error };
    } finally {
      over.abort();
    }
  };
  const watch = async (): Promise<"hung"> => {
    await deps.sleep(Math.min(limitMs, patientMs), over.signal);
    if (limitMs > patientMs && !over.signal.aborted) {
      deps.log.warn({ phase: phase.name, leftMs: Math.round(limitMs - patientMs) }, "shutdown phase takes long");
      await deps.sleep(limitMs - patientMs, over.signal);
    }
    timeUp.abort();
    await deps.sleep(graceMs, over.signal);
    return "hung";
  };
  const running = run();
  const first = await Promise.race([running, watch()]);
  // Both ended in the same turn: the phase did come to its end.
  return first === "hung" && over.signal.aborted ? await running : first;
}
