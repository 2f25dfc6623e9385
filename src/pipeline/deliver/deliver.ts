import { webhookHeaders } from "#callbacks/webhook-headers.ts";
import type { Clock } from "#lib/clock.ts";
import type { AddressGuard } from "#lib/guard.ts";
import type { Log } from "#lib/log.ts";
import type { Deliver, Outcome, Try } from "../outcome.ts";
import { eventPayload, type PayloadLinks } from "./event-payload.ts";
import { failureWord } from "./failure.ts";
import { createPost, type PostOptions } from "./post.ts";
import { retryAfterMs } from "./retry-after.ts";

/** What a delivery works with. */
export interface DeliverDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly guard: AddressGuard;
  readonly links: PayloadLinks;
}

/** Opens the stage that makes one try: render, sign, POST, tell what came of it. Whoever opens it closes it. */
export function createDeliver(
  deps: DeliverDeps,
  options: PostOptions,
): { readonly deliver: Deliver } & AsyncDisposable {
  const client = createPost(deps.guard, options);
  const deliver: Deliver = async ({ delivery, secrets }, signal) => {
    const at = deps.clock.now();
    const startedMs = deps.clock.monotonicMs();
    const tried = (found: Omit<Try, "at" | "durationMs">): Try => ({
      at,
      durationMs: Math.round(deps.clock.monotonicMs() - startedMs),
      ...found,
    });
    let body: string;
    try {
      body = JSON.stringify(await eventPayload(deps.links, delivery.event, signal));
    } catch (error) {
      if (signal.aborted) return { kind: "canceled" };
      deps.log.error({ eventId: delivery.event.eventId, error }, "event cannot be rendered");
      return { kind: "unrenderable", attempt: tried({ error: "unrenderable" }) };
    }
    try {
      const { event, attempts } = delivery;
      const headers = webhookHeaders({ ...event, attempt: attempts + 1 }, { body, secrets, atMs: at });
      const answer = await client.post({ url: delivery.url, headers, body }, signal);
      const attempt = tried({ status: answer.status, answer: answer.text });
      if (answer.status >= 200 && answer.status < 300) return { kind: "delivered", attempt };
      return answered(attempt, retryAfterMs(answer.retryAfter, at));
    } catch (error) {
      if (signal.aborted) return { kind: "canceled" };
      return { kind: "unreachable", attempt: tried({ error: failureWord(error) }) };
    }
  };
  return { deliver, [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() };
}

function answered(attempt: Try, retryAfter: number | undefined): Outcome {
  return { kind: "answered", attempt, ...(retryAfter === undefined ? {} : { retryAfterMs: retryAfter }) };
}
