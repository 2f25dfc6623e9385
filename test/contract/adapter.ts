import { randomUUID } from "node:crypto";
import { afterAll, beforeAll } from "vitest";
import { newInstanceId } from "#domain/ids.ts";
import { defaultInstanceSettings, type Instance } from "#domain/instance.ts";
import type { NewEvent } from "#store/records.ts";
import type { Store } from "#store/store.ts";

/** One implementation of the ports. Each `open` answers an empty store of its own on the machine's clock. */
export interface StoreAdapter {
  readonly name: string;
  readonly open: () => Promise<Store>;
}

/** One store for the tests of a suite that keep to instances of their own. */
export function sharedStore(adapter: StoreAdapter): () => Store {
  let store: Store | undefined;
  beforeAll(async () => {
    store = await adapter.open();
  });
  afterAll(() => store?.[Symbol.asyncDispose]());
  return () => store!;
}

/** Moment at which the tests begin, epoch milliseconds. */
export const t0 = 1_700_000_000_000;

/** An instance that nobody else has. */
export function newInstance(over: Partial<Instance> = {}): Instance {
  return {
    id: newInstanceId(),
    name: `instance ${randomUUID()}`,
    token: `token ${randomUUID()}`,
    settings: defaultInstanceSettings,
    hooks: {},
    furtherHooks: [],
    subscription: { state: "active" },
    webhookSecrets: [],
    connection: { state: "unpaired", at: t0 },
    createdAt: t0,
    updatedAt: t0,
    ...over,
  };
}

/** Stores a new instance with these hooks and answers its id. */
export async function addInstance(store: Store, hooks: Instance["hooks"] = {}): Promise<string> {
  const instance = newInstance({ hooks });
  await store.instances.create({ instance });
  return instance.id;
}

/** Something that happened, told apart by `name`. */
export function happening(name: string | number, over: Partial<NewEvent> = {}): NewEvent {
  return {
    dedupeKey: `happening ${name}`,
    kind: "message",
    type: "ReceivedCallback",
    chatId: "5511900000002@s.whatsapp.net",
    messageId: `M${name}`,
    occurredAt: t0,
    captured: JSON.stringify({ kind: "message", name }),
    slots: ["received"],
    ...over,
  };
}

/** The numbers `from … to`. */
export function range(from: number, to: number): readonly number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
}

/** The code of the failure of `work`; undefined when it succeeds. */
export async function codeOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return error instanceof Error && "code" in error ? error.code : error;
  }
}
