import { isBroadcastJid, isNewsletterJid } from "#domain/jid.ts";
import { isWazapiError } from "#domain/errors.ts";
import type { Instance } from "#domain/instance.ts";
import type { SendResult } from "#domain/session.ts";
import { backoffMs, type BackoffOptions } from "#lib/backoff.ts";
import type { ClaimedMessage } from "#store/queue.ts";
import type { NewEvent } from "#store/records.ts";
import { claimHead } from "./claim-head.ts";
import { deliveryEvent } from "./delivery-event.ts";
import type { Acked, QueueOutcome } from "./deps.ts";
import { type Hold, holdClaim } from "./hold.ts";
import type { Lane, LaneContext, LaneMemory } from "./lane-context.ts";
import { decide, failureLine, type SendFailure } from "./outcome.ts";
import { type OwnWait, ownWait, restrictionWait } from "./set-aside.ts";

/** One claimed message, about to be tried. */
interface Attempt {
  readonly lane: Lane;
  readonly claim: ClaimedMessage;
  readonly probe: boolean;
}

// WhatsApp protocol: a typing indicator that is not repeated fades on the other side after a good ten seconds.
const typingRepeatMs = 8_000;
const disconnectedPauseMs = 250;
const writeRetry: BackoffOptions = { baseMs: 100, maxMs: 5_000, jitter: "equal" };
const recorded = new Set<string>(["audio", "ptv"]);

/** Paces, types, sends and writes what became of it. Answers the next message when it was claimed along the way. */
export async function attemptMessage(context: LaneContext, attempt: Attempt): Promise<ClaimedMessage | undefined> {
  const { deps, options } = context;
  const { lane, claim } = attempt;
  await using hold = holdClaim(deps, claim, options);
  lane.hold = hold;
  try {
    // A drain that began during the claim found nothing to interrupt.
    if (context.draining.aborted) void hold.interrupt("draining", async () => {});
    const wait = await ownWait(context, lane.memory, claim);
    if (wait !== undefined && hold.reason() === undefined) return await setAside(context, attempt, wait);
    await pace(context, attempt, hold);
    await type(context, hold);
    if (!deps.sender.isOpen(lane.instanceId)) void hold.interrupt("disconnected", async () => {});
    if (!(await hold.beginSend())) return await letGo(context, attempt, hold);
    const instance = deps.instances.get({ instanceId: claim.instanceId });
    // Awaited after the send; without a listener an early failure would count as unhandled.
    instance.catch(() => {});
    const result = await send(context, hold);
    lane.memory.lastSendEndMs = deps.clock.monotonicMs();
    if (hold.reason() === "lost" || (hold.reason() !== undefined && result.outcome !== "acked")) {
      return await letGo(context, attempt, hold);
    }
    return await conclude(context, attempt, { result, instance });
  } finally {
    lane.hold = undefined;
    await hold.afterRelease();
  }
}

/** The gap behind the last send, whatever chat that was in. One that had its own wait needs no longer one than that. */
async function pace({ deps, options }: LaneContext, { lane, claim }: Attempt, hold: Hold): Promise<void> {
  const { lastSendEndMs } = lane.memory;
  if (lastSendEndMs === undefined) return;
  const { minMs, maxMs } = options.pace;
  const gapMs = Math.min(minMs + deps.random() * (maxMs - minMs), claim.delayMs ?? Number.POSITIVE_INFINITY);
  const waitMs = Math.ceil(lastSendEndMs + gapMs - deps.clock.monotonicMs());
  if (waitMs > 0) await deps.sleep(waitMs, hold.signal);
}

/** Puts a message back until its own wait is over, as if it had not been tried; only its chat waits behind it. */
async function setAside(context: LaneContext, attempt: Attempt, wait: OwnWait): Promise<undefined> {
  const { deps } = context;
  const { lane, claim, probe } = attempt;
  const { dueAt, waitsFor, failure } = wait;
  const { instanceId, zaapId, attempts } = claim;
  if (probe) lane.memory.breaker.abandoned();
  const held = await persistently(context, claim, () =>
    deps.queue.retry({
      claim,
      attempts,
      dueAt,
      ...(waitsFor === undefined ? {} : { waitsFor }),
      ...(failure === undefined ? {} : { error: failureLine(failure) }),
      now: deps.clock.now(),
    }),
  );
  expectAside(context, lane.memory, dueAt);
  const code = failure?.code;
  deps.log.info({ instanceId, zaapId, code, dueAt }, "message set aside");
  observe(context, claim, { outcome: held === false ? "lost" : "held", ...(code === undefined ? {} : { code }) });
}

async function type({ deps }: LaneContext, hold: Hold): Promise<void> {
  const { instanceId, outgoing, typingMs } = hold.claim;
  const { to } = outgoing;
  if (typingMs <= 0 || isBroadcastJid(to) || isNewsletterJid(to)) return;
  const show = (state: "composing" | "recording" | "paused"): void => {
    // Nothing waits for an indicator: a slow socket must not lengthen the typing.
    deps.sender.typing(instanceId, to, state).catch(() => {});
  };
  for (let leftMs = typingMs; leftMs > 0 && !hold.signal.aborted; leftMs -= typingRepeatMs) {
    show(recorded.has(outgoing.content.kind) ? "recording" : "composing");
    await deps.sleep(Math.min(leftMs, typingRepeatMs), hold.signal);
  }
  show("paused");
}

async function send({ deps, options }: LaneContext, hold: Hold): Promise<SendResult> {
  const { instanceId, messageId, outgoing } = hold.claim;
  try {
    const input = { instanceId, messageId, outgoing, ackTimeoutMs: options.ackTimeoutMs };
    return await deps.sender.send(input, hold.signal);
  } catch (error) {
    // A sender promises not to throw; one that does must not take the whole lane with it.
    deps.log.error({ instanceId, zaapId: hold.claim.zaapId, error }, "sender threw");
    return { outcome: "unknown", kind: "transient", error: "" };
  }
}

/** Puts an interrupted message back as if it had not been tried; one that was lost belongs to somebody else. */
async function letGo(context: LaneContext, { lane, claim, probe }: Attempt, hold: Hold): Promise<undefined> {
  const { deps } = context;
  const { instanceId, zaapId, attempts } = claim;
  if (probe) lane.memory.breaker.abandoned();
  const reason = hold.reason();
  if (reason !== "lost") {
    const now = deps.clock.now();
    const dueAt = Math.min(claim.dueAt, now);
    await persistently(context, claim, () => deps.queue.retry({ claim, attempts, dueAt, now }));
  } else deps.log.warn({ instanceId, zaapId }, "queue claim lost");
  observe(context, claim, { outcome: reason === "lost" ? "lost" : "released" });
}

async function conclude(
  context: LaneContext,
  attempt: Attempt,
  sent: { readonly result: SendResult; readonly instance: Promise<Instance | undefined> },
): Promise<ClaimedMessage | undefined> {
  const { deps, options } = context;
  const { claim, lane, probe } = attempt;
  const { breaker } = lane.memory;
  const { instanceId, zaapId } = claim;
  const decision = decide(options, sent.result, { message: claim, probe, random: deps.random });
  const now = deps.clock.now();
  // A connection that is gone says nothing about the chats.
  noteAnswer(lane.memory, claim, "answered" in decision ? decision.answered : true);
  switch (decision.kind) {
    case "sent":
      breaker.succeeded();
      return await settle(context, attempt, { acked: decision.result, instance: sent.instance });
    case "failed":
      if (decision.answered) breaker.succeeded();
      else breaker.failed();
      deps.log.warn({ instanceId, zaapId, code: decision.failure.code }, "message given up");
      return await settle(context, attempt, { failure: decision.failure, instance: sent.instance });
    case "retry": {
      if (decision.answered) breaker.succeeded();
      else if (probe) breaker.failed();
      const { attempts, waitMs, failure } = decision;
      if (lane.memory.unanswered.size > 1) lane.memory.pausedUntilMs = deps.clock.monotonicMs() + waitMs;
      const input = { claim, attempts, dueAt: now + waitMs, error: failureLine(failure), now };
      const held = await persistently(context, claim, () => deps.queue.retry(input));
      expectAside(context, lane.memory, input.dueAt);
      deps.log.info({ instanceId, zaapId, code: failure.code, attempts, waitMs }, "message will be retried");
      observe(context, claim, held === false ? { outcome: "lost" } : { outcome: "retried", code: failure.code });
      return undefined;
    }
    case "hold":
      breaker.succeeded();
      return await setAside(
        context,
        { ...attempt, probe: false },
        restrictionWait(context, decision.until, decision.failure),
      );
    case "release": {
      if (probe) breaker.abandoned();
      // A session that says "open" and "disconnected" at once must not make the lane spin.
      lane.memory.pausedUntilMs = deps.clock.monotonicMs() + disconnectedPauseMs;
      const dueAt = Math.min(claim.dueAt, now);
      // The former error stays: it tells the next try that there was a timeout already.
      const error = claim.lastError ?? failureLine(decision.failure);
      const input = { claim, attempts: claim.attempts, dueAt, now, error };
      await persistently(context, claim, () => deps.queue.retry(input));
      observe(context, claim, { outcome: "released", code: decision.failure.code });
      return undefined;
    }
  }
}

/** Lets the schedule know, and the lane itself, which goes by a clock that nobody sets. */
function expectAside({ deps, expect }: LaneContext, memory: LaneMemory, dueAt: number): void {
  expect(dueAt);
  const nowMs = deps.clock.monotonicMs();
  const dueMs = nowMs + dueAt - deps.clock.now();
  memory.asideDueMs = memory.asideDueMs > nowMs ? Math.min(memory.asideDueMs, dueMs) : dueMs;
}

/** Several chats without an answer, one after the other, are not the fault of any of them. */
function noteAnswer({ unanswered }: LaneMemory, { chatId }: ClaimedMessage, answered: boolean): void {
  if (answered) unanswered.clear();
  else if (unanswered.size < 2) unanswered.add(chatId);
}

/** Writes the end of a message and, in the same commit, takes the next one. */
async function settle(
  context: LaneContext,
  { lane, claim }: Attempt,
  end: {
    readonly acked?: Acked;
    readonly failure?: SendFailure;
    readonly instance: Promise<Instance | undefined>;
  },
): Promise<ClaimedMessage | undefined> {
  const { deps, draining } = context;
  const { instanceId, messageId } = claim;
  const { acked, failure } = end;
  const events = (await persistently(context, claim, () => eventsOf(context, claim, end))) ?? [];
  const input = {
    claim,
    outcome: failure === undefined ? ("sent" as const) : ("failed" as const),
    ...(failure === undefined ? {} : { error: failureLine(failure) }),
    ...(acked === undefined
      ? {}
      : {
          stored: {
            instanceId,
            messageId,
            chatId: acked.chatId,
            fromMe: true,
            senderId: acked.senderId,
            at: acked.at,
            type: acked.type,
            proto: acked.proto,
          },
        }),
    events,
    now: deps.clock.now(),
  };
  const [written, next] = await Promise.all([
    persistently(context, claim, () => deps.queue.settle(input)),
    // An economy only: when it fails, the lane claims again and reports what is wrong.
    draining.aborted || !lane.memory.breaker.pristine() ? undefined : claimHead(context, lane).catch(() => undefined),
  ]);
  if (written === true && events.length > 0) deps.eventsStored?.(events);
  observe(
    context,
    claim,
    written === true
      ? { outcome: input.outcome, ...(failure === undefined ? {} : { code: failure.code }) }
      : { outcome: "lost" },
  );
  return next;
}

async function eventsOf(
  { deps }: LaneContext,
  message: ClaimedMessage,
  end: { readonly acked?: Acked; readonly failure?: SendFailure; readonly instance: Promise<Instance | undefined> },
): Promise<readonly NewEvent[]> {
  const { acked, failure } = end;
  try {
    const instance = await end.instance.catch(() => deps.instances.get({ instanceId: message.instanceId }));
    if (instance === undefined) return [];
    const delivery = await deliveryEvent(deps, {
      message,
      ...(acked === undefined ? {} : { chatId: acked.chatId }),
      ...(failure === undefined ? {} : { failure }),
      at: acked?.at ?? deps.clock.now(),
    });
    const echoes = acked === undefined ? [] : ((await deps.echo?.({ message, sent: acked, instance })) ?? []);
    return [delivery, ...echoes].map((captured) => deps.toNewEvent(captured, instance, message));
  } catch (error) {
    if (isWazapiError(error, "storage")) throw error;
    // The message is sent: that must be written even when its events cannot be made.
    deps.log.error({ instanceId: message.instanceId, zaapId: message.zaapId, error }, "send events not made");
    return [];
  }
}

/** Tries a write until it is stored: what WhatsApp has taken must not be forgotten because a disk is full for a while. */
async function persistently<Result>(
  { deps, stopped }: LaneContext,
  claim: ClaimedMessage,
  write: () => Promise<Result>,
): Promise<Result | undefined> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await write();
    } catch (error) {
      deps.log.error({ instanceId: claim.instanceId, zaapId: claim.zaapId, failures, error }, "queue not written");
    }
    if (stopped.aborted) return undefined;
    await deps.sleep(backoffMs(writeRetry, failures, deps.random), stopped);
  }
}

function observe({ deps }: LaneContext, claim: ClaimedMessage, end: Pick<QueueOutcome, "outcome" | "code">): void {
  deps.observe?.({ instanceId: claim.instanceId, ageMs: deps.clock.now() - claim.createdAt, ...end });
}
