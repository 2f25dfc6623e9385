import { createBreaker } from "#lib/breaker.ts";
import { createSlots } from "#lib/slots.ts";
import type { QueueStore } from "#store/queue.ts";
import { createControls } from "./controls.ts";
import type { QueueDeps } from "./deps.ts";
import { runLane, type LaneEnd } from "./lane.ts";
import type { Lane, LaneContext, LaneMemory } from "./lane-context.ts";
import type { QueueOptions } from "./options.ts";
import { runSchedule } from "./schedule.ts";

/** Sends what waits. Disposing stops at once: what is in flight is aborted and goes out again under the same id later. */
export interface QueueWorker extends AsyncDisposable {
  /** Messages of this instance wait; with `at` (epoch milliseconds) not before then. */
  readonly wake: (instanceId: string, at?: number) => void;
  /** The session came up or went down. */
  readonly connectionChanged: (instanceId: string) => void;
  /** The store's operations, able to reach a message that is being paced or typed here. Take these, not the store's. */
  readonly controls: Pick<QueueStore, "cancel" | "purge" | "requeueFailed" | "release">;
  /** Whether new messages are refused from now on. */
  readonly isDraining: () => boolean;
  /**
   * Claims nothing any more, lets waiting messages go and waits for those in flight until the signal aborts. Answers the
   * instances that were still sending then.
   */
  readonly drain: (signal: AbortSignal) => Promise<readonly string[]>;
}

interface LiveLane extends Lane {
  /** While it waits: ends the wait early. */
  waiting: AbortController | undefined;
  /** Whether it waits for what is set aside only: new work goes at once. */
  hasTime: boolean;
}

// Breakers and paces of more instances than this are forgotten, the least recently used first.
const maxMemories = 10_000;
// Between being told that an instance may be open and looking again, when it was not.
const notYetOpenMs = 250;
const brokenLaneMs = 1_000;

/** Starts sending: at once what waits already, then whatever `wake`, time or a connection brings. */
export function startQueue(deps: QueueDeps, options: QueueOptions, signal: AbortSignal): QueueWorker {
  const draining = new AbortController();
  const stopped = new AbortController();
  const context: LaneContext = {
    deps,
    options,
    draining: draining.signal,
    stopped: stopped.signal,
    expect: (at) => schedule.expect(at),
  };
  const lanes = new Map<string, LiveLane>();
  const memories = new Map<string, LaneMemory>();
  const slots = createSlots(options.maxLanes);
  const running = new Set<Promise<void>>();
  let waitingLanes = 0;

  const memoryOf = (instanceId: string): LaneMemory => {
    const known = memories.get(instanceId);
    const breaker = known?.breaker ?? createBreaker(options.breaker, deps.clock, deps.random);
    const memory = known ?? { breaker, pausedUntilMs: 0, asideDueMs: 0, unanswered: new Set() };
    memories.delete(instanceId);
    memories.set(instanceId, memory);
    const [oldest] = memories.keys();
    if (memories.size > maxMemories && oldest !== undefined) memories.delete(oldest);
    return memory;
  };

  const start = (instanceId: string): void => {
    const memory = memoryOf(instanceId);
    const lane: LiveLane = { instanceId, memory, hold: undefined, again: false, waiting: undefined, hasTime: false };
    lanes.set(instanceId, lane);
    const life = live(lane).finally(() => running.delete(life));
    running.add(life);
  };

  /** A lane's whole life: it holds a slot while it sends, none while it waits, and is gone when there is nothing to do. */
  const live = async (lane: LiveLane): Promise<void> => {
    try {
      while (!draining.signal.aborted) {
        const end = await runInSlot(lane);
        // Asked again: a drain that began since the lane ended found nothing to interrupt.
        if (end.kind === "draining" || draining.signal.aborted) return;
        const isDone = end.kind === "idle" || end.kind === "aside";
        if (isDone && lane.again) continue;
        if (end.kind === "idle") return;
        // Too many wait already: the safety scan finds it again.
        if (waitingLanes >= options.maxWaitingLanes) return;
        await wait(lane, end);
      }
    } finally {
      // No await between the last look at `again` and this, so that no wake is lost.
      lanes.delete(lane.instanceId);
    }
  };

  const runInSlot = async (lane: LiveLane): Promise<LaneEnd> => {
    const giveBack = await slots.take(draining.signal);
    if (giveBack === undefined) return { kind: "draining" };
    try {
      return await runLane(context, lane);
    } catch (error) {
      deps.log.error({ instanceId: lane.instanceId, error }, "queue lane failed");
      return { kind: "later", atMs: deps.clock.monotonicMs() + brokenLaneMs };
    } finally {
      giveBack();
    }
  };

  const wait = async (lane: LiveLane, end: Extract<LaneEnd, { kind: "closed" | "later" | "aside" }>): Promise<void> => {
    const cut = new AbortController();
    lane.waiting = cut;
    lane.hasTime = end.kind === "aside";
    waitingLanes += 1;
    try {
      if (end.kind !== "closed") return await deps.sleep(end.atMs - deps.clock.monotonicMs(), cut.signal);
      await deps.sender.untilOpen(lane.instanceId, cut.signal);
      if (!cut.signal.aborted && !deps.sender.isOpen(lane.instanceId)) await deps.sleep(notYetOpenMs, cut.signal);
    } catch (error) {
      deps.log.error({ instanceId: lane.instanceId, error }, "queue lane could not wait");
      await deps.sleep(brokenLaneMs, cut.signal);
    } finally {
      waitingLanes -= 1;
      lane.waiting = undefined;
    }
  };

  /** New work. A lane that waits for its connection has nothing to gain from it. */
  const nudge = (instanceId: string): void => {
    if (draining.signal.aborted) return;
    const lane = lanes.get(instanceId);
    if (lane === undefined) start(instanceId);
    else {
      lane.again = true;
      if (lane.hasTime) lane.waiting?.abort();
    }
  };
  /** The head of the line may have changed: look now. */
  const rouse = (instanceId: string): void => {
    nudge(instanceId);
    lanes.get(instanceId)?.waiting?.abort();
  };

  const schedule = runSchedule(deps, { scanMs: options.scanMs, busy: () => lanes.size, rouse }, draining.signal);

  const letGo = (reason: "draining" | "stopped"): void => {
    for (const lane of lanes.values()) {
      lane.waiting?.abort();
      void lane.hold?.interrupt(reason, async () => {});
    }
  };
  const finish = async (): Promise<void> => {
    await Promise.all([schedule.done, ...running]);
  };
  const stop = (): void => {
    draining.abort();
    stopped.abort();
    letGo("stopped");
  };
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();

  return {
    wake: (instanceId, at) => {
      if (at !== undefined && at > deps.clock.now()) schedule.expect(at);
      else nudge(instanceId);
    },
    connectionChanged: (instanceId) => {
      if (deps.sender.isOpen(instanceId)) {
        memories.get(instanceId)?.breaker.probeNow();
        lanes.get(instanceId)?.waiting?.abort();
      } else void lanes.get(instanceId)?.hold?.interrupt("disconnected", async () => {});
    },
    controls: createControls(deps, { held: (instanceId) => lanes.get(instanceId)?.hold, rouse }),
    isDraining: () => draining.signal.aborted,
    drain: async (patience) => {
      draining.abort();
      letGo("draining");
      const given = Promise.withResolvers<void>();
      const giveUp = (): void => given.resolve();
      if (patience.aborted) giveUp();
      patience.addEventListener("abort", giveUp, { once: true });
      await Promise.race([finish(), given.promise]);
      patience.removeEventListener("abort", giveUp);
      return [...lanes.keys()];
    },
    [Symbol.asyncDispose]: async () => {
      signal.removeEventListener("abort", stop);
      stop();
      await finish();
    },
  };
}
