import { webhookHeaders } from "#callbacks/webhook-headers.ts";
import { isWazapiError } from "#domain/errors.ts";
import type { Clock } from "#lib/clock.ts";
import { sleep } from "#lib/sleep.ts";
import { createTtlCache } from "#lib/ttl-cache.ts";

import type { Api, InstanceRef } from "./api.ts";
import { isPassing } from "./event-tail.ts";
import type { TailedEvent } from "./event-tail.ts";

/** What a local URL answered, or why there is no answer. */
export interface Forwarded {
  readonly eventId: string;
  readonly status?: number;
  /** A code of the connection (`ECONNREFUSED`), `timeout`, or `instance_not_found` when there is no secret to sign with. */
  readonly error?: string;
  readonly durationMs: number;
}

/** What forwarding works with. */
export interface ForwardDeps {
  readonly api: Pick<Api, "instance">;
  readonly instanceOf: (instanceId: string) => Promise<InstanceRef | undefined>;
  readonly clock: Clock;
}

/** How long a local URL may take, as webhooks have it. */
const timeoutMs = 15_000;
/** A secret that was replaced is noticed after this. */
const secretMs = 10_000;
const maxSecrets = 1_000;
const retryMs = 1_000;

/**
 * POSTs events to one URL exactly as webhooks are: body, headers, signature with the secrets of the event's instance, no
 * redirects. One try each; whatever goes wrong is an answer, never an error. While the server is away it waits for the
 * secret it does not know yet. An abort ends the request in flight.
 */
export function createForward(
  deps: ForwardDeps,
  url: string,
  signal: AbortSignal,
): (event: TailedEvent) => Promise<Forwarded> {
  const secretsOf = secretsByInstance(deps, signal);
  return async (event) => {
    const { eventId, instanceId, payload } = event;
    let startedMs = deps.clock.monotonicMs();
    const outcome = (found: Pick<Forwarded, "status" | "error">): Forwarded => ({
      eventId,
      ...found,
      durationMs: Math.round(deps.clock.monotonicMs() - startedMs),
    });
    let limit = signal;
    try {
      const secrets = await secretsOf(instanceId);
      if (secrets === undefined) return outcome({ error: "instance_not_found" });
      const body = JSON.stringify(payload);
      const headers = webhookHeaders({ ...event, attempt: 1 }, { body, secrets, atMs: deps.clock.now() });
      startedMs = deps.clock.monotonicMs();
      limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      const response = await fetch(url, { method: "POST", headers, body, redirect: "manual", signal: limit });
      const answer = outcome({ status: response.status });
      // Only the status is shown; what is not read would hold the connection.
      await response.body?.cancel();
      return answer;
    } catch (error) {
      return outcome({ error: limit.aborted ? "timeout" : wordOf(error) });
    }
  };
}

/** Secrets that are asked for again after a while, so that a rotation is noticed; undefined for an instance that is gone. */
function secretsByInstance(
  { api, instanceOf, clock }: ForwardDeps,
  signal: AbortSignal,
): (instanceId: string) => Promise<readonly string[] | undefined> {
  const known = createTtlCache<{ readonly secrets: readonly string[]; readonly atMs: number }>(clock, maxSecrets);
  return async (instanceId) => {
    for (;;) {
      const cached = known.get(instanceId)?.value;
      if (cached !== undefined && clock.monotonicMs() - cached.atMs < secretMs) return cached.secrets;
      try {
        const instance = await instanceOf(instanceId);
        if (instance === undefined) return undefined;
        const secrets = await webhookSecrets(api, instance);
        known.set(instanceId, { secrets, atMs: clock.monotonicMs() }, Number.POSITIVE_INFINITY);
        return secrets;
      } catch (error) {
        if (signal.aborted || !isPassing(error)) throw error;
        if (cached !== undefined) return cached.secrets;
      }
      await sleep(retryMs, signal);
    }
  };
}

/** The secrets (`whsec_…`) that an instance signs with now, the newest first. */
export async function webhookSecrets(api: Pick<Api, "instance">, instance: InstanceRef): Promise<readonly string[]> {
  const { secrets } = await api.instance<{ readonly secrets: readonly string[] }>(instance, {
    path: "/webhooks/secret",
  });
  return secrets;
}

function wordOf(error: unknown): string {
  if (isWazapiError(error)) return error.code;
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  const code: unknown = Object(cause).code;
  return typeof code === "string" ? code : "failed";
}
