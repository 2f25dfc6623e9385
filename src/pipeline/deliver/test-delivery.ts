import type { Captured } from "#domain/captured.ts";
import type { Instance } from "#domain/instance.ts";
import type { Clock } from "#lib/clock.ts";
import type { Deliver, Outcome } from "../outcome.ts";

/** Sends one signed callback that is no event to a URL, once, and tells what came of it. Nothing is stored. */
export async function deliverTest(
  deps: { readonly deliver: Deliver; readonly clock: Clock },
  input: { readonly instance: Pick<Instance, "id" | "connection" | "webhookSecrets">; readonly url: string },
  signal: AbortSignal,
): Promise<Outcome> {
  const now = deps.clock.now();
  const { instance, url } = input;
  const captured: Captured = { kind: "connected", phone: instance.connection.phone ?? "", at: now };
  return deps.deliver(
    {
      secrets: instance.webhookSecrets,
      delivery: {
        deliveryId: 0,
        instanceId: instance.id,
        hookId: "test",
        slot: "connected",
        url,
        state: "pending",
        attempts: 0,
        dueAt: now,
        createdAt: now,
        updatedAt: now,
        event: {
          eventId: `test_${now}`,
          instanceId: instance.id,
          sequence: 0,
          position: 0,
          kind: captured.kind,
          type: "ConnectedCallback",
          occurredAt: now,
          createdAt: now,
          captured: JSON.stringify(captured),
        },
      },
    },
    signal,
  );
}
