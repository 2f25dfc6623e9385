import { setMaxListeners } from "node:events";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { sleep } from "#lib/sleep.ts";
import { createSlots } from "#lib/slots.ts";
import type { Delivery, DeliveryStore, Lane } from "#store/deliveries.ts";
import type { InstanceStore } from "#store/instances.ts";
import type { Deliver, Outcome } from "../outcome.ts";
import { createLaneBreaker } from "./lane-breaker.ts";
import { createLaneLease, type LaneLease } from "./lane-lease.ts";
import { type Line, type LineDeps, runLine } from "./line.ts";
import type { DispatchOptions } from "./options.ts";
import { createSettler } from "./settler.ts";
import { createWaiting, type Waiting } from "./waiting.ts";

/** What one try led to, for metrics. */
export interface Attempted {
  readonly instanceId: string;
  readonly type: string;
  readonly outcome: Outcome["kind"];
  readonly durationMs: number;
  /** From the persist transaction to the end of this try. */
  readonly ageMs: number;
}

/** What a lane works with. */
export interface LaneDeps {
  readonly deliveries: Pick<DeliveryStore, "pending" | "settle" | "renewLane" | "releaseLane">;
  readonly instances: Pick<InstanceStore, "get">;
  readonly deliver: Deliver;
  readonly clock: Clock;
  readonly sleep: typeof sleep;
  readonly random: () => number;
  readonly log: Log;
  readonly attempted: (input: Attempted) => void;
}

/** A lane being worked on. */
export interface LaneWorker {
  /** Extends the lease now; false when the lane was lost. Throws what the store throws. */
  readonly renew: () => Promise<boolean>;
  /** There may be something new. */
  readonly wake: () => void;
  /** Deliveries in memory. */
  readonly held: () => number;
  /** Resolves when the lane was given back or lost. Never rejects. */
  readonly done: Promise<void>;
}

/** The two ways to stop: `drain` lets a POST in flight finish, `abort` does not. */
export interface StopSignals {
  readonly drain: AbortSignal;
  readonly abort: AbortSignal;
}

/** Works on a claimed lane until it stays empty, is lost, or a signal stops it. */
export function startLaneWorker(
  deps: LaneDeps,
  input: { readonly lane: Lane; readonly options: DispatchOptions },
  signals: StopSignals,
): LaneWorker {
  const waiting = createWaiting();
  const load = { held: 0 };
  const lost = new AbortController();
  const { lane, options } = input;
  const lease = createLaneLease(deps, { lane, leaseMs: options.leaseMs, lost });
  const done = work(deps, { ...input, waiting, load, lost, lease }, signals).catch((error: unknown) => {
    // The lease runs out and the lane is claimed again, here or elsewhere.
    deps.log.error({ ...idsOf(input.lane), error }, "lane stopped");
  });
  return { wake: waiting.news, held: () => load.held, renew: lease.renew, done };
}

async function work(
  deps: LaneDeps,
  input: {
    readonly lane: Lane;
    readonly options: DispatchOptions;
    readonly waiting: Waiting;
    readonly load: { held: number };
    readonly lost: AbortController;
    readonly lease: LaneLease;
  },
  signals: StopSignals,
): Promise<void> {
  const { lane, options, waiting, load, lost } = input;
  const ended = new AbortController();
  const stop = AbortSignal.any([signals.drain, signals.abort, lost.signal]);
  const abort = AbortSignal.any([signals.abort, lost.signal]);
  // One listener a waiting chat and a POST in flight: as many as the lane has, and no leak.
  setMaxListeners(0, stop, abort);
  stop.addEventListener("abort", waiting.wake, { once: true });
  const renewing = input.lease.keep(AbortSignal.any([ended.signal, lost.signal]));
  const settler = createSettler(
    { ...deps, lost: () => lost.abort() },
    { lane, maxUnsettled: options.maxUnsettled, gatherMs: options.gatherMs },
    abort,
  );
  try {
    await deliverAll({ ...deps, settler }, { lane, options, waiting, load, abort }, stop);
  } finally {
    // After a failure too: what is not written before the lane is given back would be delivered again.
    await settler.flush();
    // A composite signal with a listener lives as long as what it is made of.
    stop.removeEventListener("abort", waiting.wake);
    ended.abort();
    await renewing;
    if (!lost.signal.aborted) await deps.deliveries.releaseLane({ lane, now: deps.clock.now() });
  }
}

/** Reads pages, deals them out to lines, and keeps the lines running. */
async function deliverAll(
  deps: LaneDeps & Pick<LineDeps, "settler">,
  input: {
    readonly lane: Lane;
    readonly options: DispatchOptions;
    readonly waiting: Waiting;
    readonly load: { held: number };
    readonly abort: AbortSignal;
  },
  stop: AbortSignal,
): Promise<void> {
  const { lane, options, waiting, load } = input;
  const instance = await deps.instances.get({ instanceId: lane.instanceId });
  const perChat = instance?.settings.deliveryOrder === "chat";
  const slots = createSlots(perChat ? options.chatsInParallel : 1);
  const lines = new Map<string, { readonly line: Line; running: Promise<void> | undefined }>();
  let secrets = instance?.webhookSecrets ?? [];
  let taken = 0;
  let cursor: { readonly sequence: number; readonly deliveryId: number } | undefined;
  let mayHaveMore = true;
  let emptySince: number | undefined;
  const failures: unknown[] = [];
  const running = (): Promise<unknown> => Promise.all([...lines.values()].flatMap((entry) => entry.running ?? []));

  const lineDeps: LineDeps = {
    options,
    settler: deps.settler,
    breaker: createLaneBreaker(
      { ...deps, turned: (to, openMs) => tellTurn(deps.log, lane, { to, openMs }) },
      lane.breaker,
      options,
    ),
    random: deps.random,
    clock: deps.clock,
    sleep: deps.sleep,
    taken: () => taken,
    stillThere: async ({ deliveryId, event: { sequence } }) => {
      const after = { sequence, deliveryId: deliveryId - 1 };
      const [first] = await deps.deliveries.pending({ lane, after, limit: 1 });
      return first?.deliveryId === deliveryId;
    },
    gone: (count, state) => {
      load.held -= count;
      if (state === "delivered") taken += count;
      if (state === "dead") deps.log.warn({ ...idsOf(lane), count }, "refused events became dead letters");
      if (load.held === 0 || (mayHaveMore && load.held <= options.lookahead / 2)) waiting.wake();
    },
    attempt: async (delivery) => {
      const leave = await slots.take(input.abort);
      if (leave === undefined) return { kind: "canceled" };
      try {
        const outcome = await deps.deliver({ delivery, secrets }, input.abort);
        report(deps, delivery, outcome);
        return outcome;
      } finally {
        leave();
      }
    },
  };
  const deal = (page: readonly Delivery[]): void => {
    const [now, nowMs] = [deps.clock.now(), deps.clock.monotonicMs()];
    for (const delivery of page) {
      const key = perChat ? (delivery.event.chatId ?? "") : "";
      const entry = lines.get(key) ?? { line: [], running: undefined };
      const { attempts: failures, dueAt, lastError } = delivery;
      // Written in what is the future now: the clock was set back, and its wait means nothing any more.
      const waitMs = delivery.updatedAt > now ? 0 : dueAt - now;
      entry.line.push({ delivery, failures, dueAt, dueMs: nowMs + waitMs, lastError, takenBefore: taken });
      lines.set(key, entry);
    }
    load.held += page.length;
    for (const [key, entry] of lines) {
      entry.running ??= runLine(lineDeps, entry.line, stop)
        .catch((error: unknown) => {
          failures.push(error);
        })
        .finally(() => {
          entry.running = undefined;
          if (entry.line.length === 0) lines.delete(key);
          waiting.wake();
        });
    }
  };

  try {
    while (!stop.aborted && failures.length === 0) {
      if (mayHaveMore && load.held < options.lookahead) {
        mayHaveMore = false;
        const limit = Math.min(100, options.lookahead - load.held);
        const page = await deps.deliveries.pending({ lane, limit, ...(cursor === undefined ? {} : { after: cursor }) });
        const last = page.at(-1);
        if (last !== undefined) cursor = { sequence: last.event.sequence, deliveryId: last.deliveryId };
        mayHaveMore = page.length === limit;
        // Settings may have changed since the last page; the order of this claim stays.
        secrets = (await deps.instances.get({ instanceId: lane.instanceId }))?.webhookSecrets ?? secrets;
        if (page.length > 0) emptySince = undefined;
        deal(page);
        continue;
      }
      if (load.held > 0) {
        // Woken by a line that needs more, by new rows, or by the end.
        await waiting.until();
        mayHaveMore ||= waiting.takeNews();
        continue;
      }
      await running();
      await deps.settler.flush();
      if (cursor !== undefined) {
        // Replays and revived dead letters come with old numbers: look again from the beginning.
        cursor = undefined;
        mayHaveMore = true;
        continue;
      }
      emptySince ??= deps.clock.monotonicMs();
      if (deps.clock.monotonicMs() - emptySince >= options.idleMs) return;
      await waiting.until((cancel) => deps.sleep(options.pollMs, AbortSignal.any([stop, cancel])));
      waiting.takeNews();
      mayHaveMore = true;
    }
  } finally {
    await running();
  }
  if (failures.length > 0) throw failures[0];
}

function tellTurn(log: Log, lane: Lane, { to, openMs }: { readonly to: string; readonly openMs: number }): void {
  if (to === "open") log.warn(idsOf(lane), "endpoint is down; its events wait");
  else log.info({ ...idsOf(lane), openMs }, "endpoint is back");
}

function idsOf({ instanceId, hookId }: Lane): { readonly instanceId: string; readonly hookId: string } {
  return { instanceId, hookId };
}

function report(deps: LaneDeps, delivery: Delivery, outcome: Outcome): void {
  const now = deps.clock.now();
  deps.attempted({
    instanceId: delivery.instanceId,
    type: delivery.event.type,
    outcome: outcome.kind,
    durationMs: outcome.kind === "canceled" ? 0 : outcome.attempt.durationMs,
    ageMs: Math.max(0, now - delivery.event.createdAt),
  });
}
