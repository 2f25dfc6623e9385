import type { Captured, CapturedMessage } from "#domain/captured.ts";
import { defaultInstanceSettings, type Instance } from "#domain/instance.ts";
import { createAddressGuard } from "#lib/guard.ts";
import { type Log, silentLog } from "#lib/log.ts";
import type { MediaLinks } from "#pipeline/deliver/media-links.ts";
import { defaultDispatchOptions, type DispatchOptions } from "#pipeline/dispatch/options.ts";
import {
  defaultBufferOptions,
  defaultPersistOptions,
  defaultPostOptions,
  type Pipeline,
  startPipeline,
} from "#pipeline/pipeline.ts";
import type { Store } from "#store/store.ts";
import { createFakeTime, type FakeTime } from "../support/fake-time.ts";

/** Secret of every instance of these tests. */
export const secret = `whsec_${Buffer.from("a secret of thirty-two bytes !!!").toString("base64")}`;

/** An instance with one URL for everything, or with these hooks. */
export function instanceOf(
  id: string,
  hooks: Instance["hooks"],
  settings: Partial<Instance["settings"]> = {},
): Instance {
  return {
    id,
    name: id,
    token: "T",
    settings: { ...defaultInstanceSettings, ...settings },
    hooks,
    furtherHooks: [],
    subscription: { state: "active" },
    webhookSecrets: [secret],
    connection: { state: "connected", at: 0, phone: "5511900000001" },
    createdAt: 1,
    updatedAt: 1,
  };
}

/** A received text. */
export function textOf(n: number, chat = "5511900000002"): CapturedMessage {
  const jid = `${chat}@s.whatsapp.net`;
  return {
    kind: "message",
    chat: { chatId: jid, phone: chat },
    sender: { jid, phone: chat },
    messageId: `M${n}`,
    fromMe: false,
    fromApi: false,
    at: 1_700_000_000_000 + n,
    connectedPhone: "5511900000001",
    content: { type: "text", text: `text ${n}` },
    broadcast: false,
    forwarded: false,
    isEdit: false,
    isStatusReply: false,
  };
}

/** A pipeline on fake time. */
export interface Rig extends AsyncDisposable {
  readonly pipeline: Pipeline;
  readonly time: FakeTime;
  /** Stores texts `from … to` of one instance; resolves when they are rows. */
  readonly record: (instanceId: string, captured: readonly Captured[]) => Promise<void>;
}

/** Starts a pipeline that dispatches by fake time to endpoints on this machine. */
export function startRig(
  store: Store,
  input: {
    readonly time?: FakeTime;
    readonly dispatch?: Partial<DispatchOptions>;
    readonly timeoutMs?: number;
    readonly owner?: string;
    /** Aborts at the deadline of a shutdown. */
    readonly stop?: AbortController;
    readonly log?: Log;
    /** Told of each row that the store refuses for good. */
    readonly refused?: (kind: string) => void;
    /** Links of files; none unless a test says otherwise. */
    readonly media?: MediaLinks;
  } = {},
): Rig {
  const time = input.time ?? createFakeTime();
  const stop = input.stop ?? new AbortController();
  const pipeline = startPipeline(
    {
      store,
      guard: createAddressGuard({ allowLoopback: true, allowPrivate: false }),
      media: input.media ?? { links: async () => new Map() },
      clock: time.clock,
      log: input.log ?? silentLog,
      ...(input.refused === undefined ? {} : { refused: input.refused }),
      sleep: time.sleep,
      random: () => 0.5,
    },
    {
      buffer: defaultBufferOptions,
      dispatch: { ...defaultDispatchOptions, owner: input.owner ?? "test", ...input.dispatch },
      post: { ...defaultPostOptions, timeoutMs: input.timeoutMs ?? 2_000 },
      persist: defaultPersistOptions,
    },
    stop.signal,
  );
  return {
    pipeline,
    time,
    record: (instanceId, captured) => pipeline.record(instanceId, captured),
    [Symbol.asyncDispose]: async () => {
      await pipeline[Symbol.asyncDispose]();
      stop.abort();
    },
  };
}

/** Numbers from `first` to `last`. */
export function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
