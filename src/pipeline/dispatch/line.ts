import { backoffMs } from "#lib/backoff.ts";
import type { Clock } from "#lib/clock.ts";
import type { Attempt, Delivery, Settlement } from "#store/deliveries.ts";
import type { Outcome, Try } from "../outcome.ts";
import type { LaneBreaker } from "./lane-breaker.ts";
import type { DispatchOptions } from "./options.ts";
import type { Settler } from "./settler.ts";

/** A delivery in memory with what this worker has seen of it. */
interface Held {
  readonly delivery: Delivery;
  /** Answers that were refusals, those of earlier workers included. */
  failures: number;
  /** Epoch milliseconds before which it is not tried, for its row. */
  dueAt: number;
  /** The same on the clock that never jumps: what is waited for here. */
  dueMs: number;
  lastError: string | undefined;
  /** What the lane had taken when this one was refused last. */
  takenBefore: number;
}

/** Deliveries of one lane that must leave one after the other: all of them, or those of one chat. */
export type Line = Held[];

/** What a line works with; shared by the lines of a lane. */
export interface LineDeps {
  readonly options: Pick<DispatchOptions, "retry" | "maxRetries" | "compared" | "maxRetryAfterMs">;
  readonly breaker: LaneBreaker;
  readonly settler: Settler;
  /** One try; waits for a free connection. */
  readonly attempt: (delivery: Delivery) => Promise<Outcome>;
  readonly clock: Clock;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly random: () => number;
  /** Told about deliveries that left the line. */
  readonly gone: (count: number, state: "delivered" | "dead" | "elsewhere") => void;
  /** Whether a delivery still waits in this lane; its URL may have changed while we waited. */
  readonly stillThere: (delivery: Delivery) => Promise<boolean>;
  /** How many deliveries of the lane were taken so far. */
  readonly taken: () => number;
}

/**
 * Delivers a line in order until it is empty. What fails stays at the head and is tried again after a while.
 *
 * Poison or outage? No answer is an outage at once: the breaker opens. A refusal is tried again until the retries are
 * used up; then, in the same breath, the next event is tried. If that one is taken, the first was poison and is buried.
 * If it is refused too, both stay, and the comparison is made again; the third that fails is an outage. An event is
 * overtaken only when its own retries are used up, so order holds whatever happens. During an outage nothing counts.
 */
export async function runLine(deps: LineDeps, line: Line, stop: AbortSignal): Promise<void> {
  let comparisons = 0;
  let waited = false;
  while (!stop.aborted) {
    const [head] = line;
    if (head === undefined) return;
    const waitMs = head.dueMs - deps.clock.monotonicMs();
    if (waitMs > 0) {
      await deps.sleep(waitMs, stop);
      waited = true;
      continue;
    }
    const admission = await deps.breaker.admit(stop);
    if (admission === "stop") return;
    if ((waited || admission === "probe") && !(await deps.stillThere(head.delivery))) {
      if (admission === "probe") deps.breaker.abandoned();
      line.shift();
      deps.gone(1, "elsewhere");
      continue;
    }
    waited = false;
    const round = await tryInOrder(deps, line, stop);
    switch (round.kind) {
      case "delivered":
        comparisons = 0;
        break;
      case "stopped":
        if (admission === "probe") deps.breaker.abandoned();
        return;
      case "outage":
        await openBreaker(deps, line, round);
        break;
      case "refused": {
        if (await buriedByOthers(deps, line, round.tries)) break;
        comparisons += round.compared ? 1 : 0;
        const outage = deps.breaker.isOpen() || comparisons >= deps.options.compared || round.alone;
        if (outage) await openBreaker(deps, line, round);
        else await waitForRetry(deps, line, round);
      }
    }
  }
}

type Round =
  | { readonly kind: "delivered" }
  | { readonly kind: "stopped" }
  /** The tries of this round, in order of the line; the last one is where it ended. */
  | { readonly kind: "outage"; readonly tries: readonly Try[] }
  | {
      readonly kind: "refused";
      readonly tries: readonly Try[];
      /** Another event was tried behind the one that is used up. */
      readonly compared: boolean;
      /** The head is used up and there is nothing to compare it with. */
      readonly alone: boolean;
      readonly retryAfterMs: number;
    };

/** Tries the head; behind events that are used up, the next one; until one is taken or one may still be retried. */
async function tryInOrder(deps: LineDeps, line: Line, stop: AbortSignal): Promise<Round> {
  const tries: Try[] = [];
  let retryAfterMs = 0;
  for (let index = 0; index <= deps.options.compared;) {
    const held = line[index];
    if (held === undefined) return { kind: "refused", tries, compared: index > 1, alone: index === 1, retryAfterMs };
    if (stop.aborted) return { kind: "stopped" };
    const outcome = await deps.attempt({ ...held.delivery, attempts: held.failures });
    switch (outcome.kind) {
      case "canceled":
        return { kind: "stopped" };
      case "unreachable":
        return { kind: "outage", tries: [...tries, outcome.attempt] };
      case "unrenderable":
        line.splice(index, 1);
        deps.gone(1, "dead");
        await deps.settler.add([settlement(held, "dead", { ...outcome.attempt, counted: true })]);
        break;
      case "delivered":
        await settleTaken(deps, line, { index, tries, attempt: outcome.attempt });
        return { kind: "delivered" };
      case "answered": {
        tries.push(outcome.attempt);
        held.failures += 1;
        held.lastError = `status ${outcome.attempt.status ?? 0}`;
        retryAfterMs = Math.max(retryAfterMs, outcome.retryAfterMs ?? 0);
        if (held.failures <= deps.options.maxRetries) {
          return { kind: "refused", tries, compared: index > 0, alone: false, retryAfterMs };
        }
        index += 1;
      }
    }
  }
  return { kind: "refused", tries, compared: true, alone: false, retryAfterMs };
}

/** The endpoint took one: it is done, and those used up before it were poison. */
async function settleTaken(
  deps: LineDeps,
  line: Line,
  round: { readonly index: number; readonly tries: readonly Try[]; readonly attempt: Try },
): Promise<void> {
  const buried = line.splice(0, round.index);
  const [done] = line.splice(0, 1);
  const settlements = buried.map((held, index) => {
    const attempt = round.tries[index];
    return settlement(held, "dead", attempt === undefined ? undefined : { ...attempt, counted: true });
  });
  if (done !== undefined) {
    done.failures += 1;
    settlements.push(settlement(done, "delivered", { ...round.attempt, counted: true }));
  }
  // Refusals during an outage say nothing about the events behind.
  if (deps.breaker.isOpen()) for (const held of line) held.failures = 0;
  const row = deps.breaker.closed();
  if (buried.length > 0) deps.gone(buried.length, "dead");
  deps.gone(1, "delivered");
  await deps.settler.add(settlements, row);
}

/** Other chats of the lane were served between two refusals of a head that is used up: it is poison. */
async function buriedByOthers(deps: LineDeps, line: Line, tries: readonly Try[]): Promise<boolean> {
  const [head] = line;
  const [attempt] = tries;
  if (head === undefined || attempt === undefined) return false;
  const served = deps.taken() > head.takenBefore;
  head.takenBefore = deps.taken();
  if (!served || head.failures <= deps.options.maxRetries || tries.length > 1) return false;
  line.shift();
  deps.gone(1, "dead");
  await deps.settler.add([settlement(head, "dead", { ...attempt, counted: true })]);
  return true;
}

/** Everybody stays, in order, and nothing counts. */
async function openBreaker(
  deps: LineDeps,
  line: Line,
  round: { readonly kind: string; readonly tries: readonly Try[]; readonly retryAfterMs?: number },
): Promise<void> {
  const wait = Math.min(deps.options.maxRetryAfterMs, round.retryAfterMs ?? 0);
  const settlements = round.tries.flatMap((attempt, index) => {
    const held = line[index];
    if (held === undefined) return [];
    held.lastError = attempt.error ?? `status ${attempt.status ?? 0}`;
    // Refusals of an outage are taken back; in memory they stay, so that poison behind poison is found in the end.
    const attempts = round.kind === "refused" ? 0 : held.failures;
    return [{ ...settlement(held, "pending", { ...attempt, counted: false }), attempts }];
  });
  await deps.settler.add(settlements, deps.breaker.opened(wait));
}

/** The head waits longer after each refusal; with it the whole line. */
async function waitForRetry(
  deps: LineDeps,
  line: Line,
  round: { readonly tries: readonly Try[]; readonly retryAfterMs: number },
): Promise<void> {
  const last = line[round.tries.length - 1];
  const asked = Math.min(deps.options.maxRetryAfterMs, round.retryAfterMs);
  const waitMs = Math.max(asked, backoffMs(deps.options.retry, last?.failures ?? 1, deps.random));
  const dueAt = deps.clock.now() + waitMs;
  const dueMs = deps.clock.monotonicMs() + waitMs;
  const settlements = round.tries.flatMap((attempt, index) => {
    const held = line[index];
    if (held === undefined) return [];
    held.dueAt = dueAt;
    held.dueMs = dueMs;
    return [settlement(held, "pending", { ...attempt, counted: true })];
  });
  await deps.settler.add(settlements);
}

function settlement(held: Held, state: Settlement["state"], attempt: Attempt | undefined): Settlement {
  return {
    deliveryId: held.delivery.deliveryId,
    state,
    attempts: held.failures,
    dueAt: held.dueAt,
    ...(held.lastError === undefined ? {} : { lastError: held.lastError }),
    ...(attempt === undefined ? {} : { attempt }),
  };
}
