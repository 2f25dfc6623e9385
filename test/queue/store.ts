import type { Captured } from "#domain/captured.ts";
import type { Instance } from "#domain/instance.ts";
import type { Store } from "#store/store.ts";
import { openTestStore } from "../support/store.ts";
import { instanceOf, one, two } from "./support.ts";

export interface QueueTestStore extends AsyncDisposable, Pick<Store, "queue" | "instances" | "directory"> {
  readonly deliveryEvents: (instanceId: string) => Promise<readonly Captured[]>;
  readonly storedProto: (instanceId: string, messageId: string) => Promise<Uint8Array | undefined>;
}

export async function openQueueStore(
  input: { readonly instances?: readonly Instance[] } = {},
): Promise<QueueTestStore> {
  const store = await openTestStore();
  for (const instance of input.instances ?? [instanceOf(one), instanceOf(two)])
    await store.instances.create({ instance });
  return {
    queue: store.queue,
    instances: store.instances,
    directory: store.directory,
    deliveryEvents: async (instanceId) =>
      (await store.events.list({ instanceId, limit: 1000 })).toReversed().map((event) => JSON.parse(event.captured)),
    storedProto: async (instanceId, messageId) => (await store.messages.get({ instanceId, messageId }))?.proto,
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
