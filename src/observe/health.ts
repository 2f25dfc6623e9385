import { statfs } from "node:fs/promises";
import { isWazapiError } from "#domain/errors.ts";
import type { Clock } from "#lib/clock.ts";
import { type Log, silentLog } from "#lib/log.ts";
import { type EventLoopLag, startEventLoopLag } from "./event-loop-lag.ts";
import { createProbe, type Probed } from "./probe.ts";

/** What this node is for the others. */
type Role = "leader" | "standby" | "member";

/** State of one part. The error is a constant sentence: `/ready` is public. */
export interface Health {
  readonly status: "healthy" | "degraded" | "unhealthy";
  readonly error?: string;
}

/** What the checks look at; a part that is left out is not checked. */
export interface ReadinessDeps {
  readonly clock: Clock;
  readonly role: () => Role;
  /** Undefined while it is not open, which is right for a standby only. */
  readonly store: () => { readonly check: () => Promise<void> } | undefined;
  readonly dataDir?: string;
  /** False when somebody took the lock of the data directory away. */
  readonly lockHeld?: () => boolean | undefined;
  /** Base URL of the sandbox that plays WhatsApp. */
  readonly sandboxUrl?: string;
  /** Told why a part is not well. */
  readonly log?: Log;
  /** Replace what asks the machine; for tests. */
  readonly lag?: Pick<EventLoopLag, "p99Ms">;
  readonly freeBytes?: (dir: string) => Promise<number>;
}

/** From when on a part is not well. */
export interface ReadinessOptions {
  readonly minFreeDiskBytes: number;
  readonly maxEventLoopLagMs: number;
}

/** Says whether this node can do its job. */
export interface NodeReadiness extends Disposable {
  readonly check: (
    signal: AbortSignal,
  ) => Promise<{ readonly role: Role; readonly checks: Readonly<Record<string, Health>> }>;
}

/** How long one part may take to answer; below what whoever asks `/ready` waits. */
const checkMs = 1_500;

const healthy: Health = { status: "healthy" };

/** One part: undefined when there is nothing to check now. */
type Check = () => Promise<Health | undefined>;

/** Joins the checks. Each has its own time limit, and one that hangs is not asked again meanwhile. Never rejects. */
export function createReadiness(deps: ReadinessDeps, options: ReadinessOptions): NodeReadiness {
  const log = deps.log ?? silentLog;
  const ownLag = deps.lag === undefined ? startEventLoopLag(deps.clock) : undefined;
  const lag = deps.lag ?? ownLag;
  const parts: Readonly<Record<string, Check>> = {
    store: () => checkStore(deps),
    disk: () => checkDisk(deps, options),
    event_loop: async () => checkLag(lag?.p99Ms() ?? 0, options),
    leader_lock: async () => checkLock(deps),
    sandbox: () => checkSandbox(deps),
  };
  const probes = Object.entries(parts).map(([name, run]) => ({ name, probe: createProbe(checkMs, run) }));
  return {
    check: async (signal) => {
      const found = await Promise.all(
        probes.map(async ({ name, probe }) => {
          const probed = await probe(signal);
          if (probed.kind === "failed") log.warn({ part: name, error: probed.error }, "health check failed");
          const health = healthOf(probed);
          return health === undefined ? [] : [[name, health] as const];
        }),
      );
      return { role: deps.role(), checks: Object.fromEntries(found.flat()) };
    },
    [Symbol.dispose]: () => ownLag?.[Symbol.dispose](),
  };
}

function healthOf(probed: Probed<Health | undefined>): Health | undefined {
  switch (probed.kind) {
    case "done":
      return probed.value;
    case "late":
      return { status: "unhealthy", error: "no answer in time" };
    case "failed":
      return { status: "unhealthy", error: isWazapiError(probed.error) ? probed.error.code : "check failed" };
  }
}

async function checkStore({ store, role }: ReadinessDeps): Promise<Health | undefined> {
  const open = store();
  if (open === undefined) return role() === "standby" ? undefined : { status: "unhealthy", error: "not open" };
  await open.check();
  return healthy;
}

async function checkDisk(
  { dataDir, freeBytes = freeBytesOf }: ReadinessDeps,
  { minFreeDiskBytes }: ReadinessOptions,
): Promise<Health | undefined> {
  if (dataDir === undefined) return undefined;
  const free = await freeBytes(dataDir);
  if (free < minFreeDiskBytes) return { status: "unhealthy", error: "the disk is full" };
  if (free < 2 * minFreeDiskBytes) return { status: "degraded", error: "the disk is nearly full" };
  return healthy;
}

async function freeBytesOf(dir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dir);
  return bavail * bsize;
}

/** A slow node still does its job; taking it away from its only users would not help them. */
function checkLag(p99Ms: number, { maxEventLoopLagMs }: ReadinessOptions): Health {
  return p99Ms > maxEventLoopLagMs ? { status: "degraded", error: "the process is busy" } : healthy;
}

function checkLock({ lockHeld }: ReadinessDeps): Health | undefined {
  const held = lockHeld?.();
  if (held === undefined) return undefined;
  return held ? healthy : { status: "unhealthy", error: "the lock of the data directory was replaced" };
}

async function checkSandbox({ sandboxUrl }: ReadinessDeps): Promise<Health | undefined> {
  if (sandboxUrl === undefined) return undefined;
  const answer = await fetch(new URL("/sandbox/config", sandboxUrl), { signal: AbortSignal.timeout(checkMs) });
  await answer.body?.cancel();
  return answer.ok ? healthy : { status: "unhealthy", error: "the sandbox answers with an error" };
}
