import type { Captured } from "#domain/captured.ts";
import type { Instance } from "#domain/instance.ts";
import type { Store } from "#store/store.ts";
import { createModelQueue } from "./model-queue.ts";
import { instanceOf, one, two } from "./support.ts";

export interface QueueTestStore extends AsyncDisposable, Pick<Store, "queue" | "instances" | "directory"> {
  readonly deliveryEvents: (instanceId: string) => Promise<readonly Captured[]>;
  readonly storedProto: (instanceId: string, messageId: string) => Promise<Uint8Array | undefined>;
}

export async function openQueueStore(
  input: { readonly instances?: readonly Instance[] } = {},
): Promise<QueueTestStore> {
  const queue = createModelQueue();
  const instances = input.instances ?? [instanceOf(one), instanceOf(two)];
  return {
    queue,
    instances: partly<Store["instances"]>({
      get: async ({ instanceId }) => instances.find(({ id }) => id === instanceId),
    }),
    directory: partly<Store["directory"]>({ phoneOf: async () => undefined, lidOf: async () => undefined }),
    deliveryEvents: async () => queue.events.map((event) => JSON.parse(event.captured)),
    storedProto: async (_id, messageId) => queue.stored.find((m) => m.messageId === messageId)?.proto,
    [Symbol.asyncDispose]: async () => {},
  };
}

/** The queue calls nothing else of it. */
function partly<T>(some: Partial<T>): T {
  return some as T;
}
