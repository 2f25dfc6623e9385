import { createHash } from "node:crypto";
import type { Captured } from "#domain/captured.ts";
import { isWazapiError } from "#domain/errors.ts";
import type { Instance } from "#domain/instance.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { orAborted } from "#lib/or-aborted.ts";
import type { sleep } from "#lib/sleep.ts";
import type { DirectoryStore } from "#store/directory.ts";
import type { EventStore } from "#store/events.ts";
import type { InstanceStore } from "#store/instances.ts";
import type { EventRow } from "#store/records.ts";
import { autoReadsOf, type AutoRead } from "./auto-read.ts";
import { ringingCallsOf, type RingingCall } from "./auto-reject.ts";
import type { Sessions } from "./sessions.ts";

/** What acting by itself works with. */
export interface AutoActionsDeps {
  readonly instances: Pick<InstanceStore, "get">;
  readonly events: Pick<EventStore, "list" | "since">;
  readonly directory: Pick<DirectoryStore, "chat" | "putChats">;
  readonly sessions: Pick<Sessions, "isOpen" | "untilOpen" | "markRead" | "rejectCall">;
  /** Puts a text into the send queue. The same `key` again changes nothing. */
  readonly enqueue: (input: {
    readonly instanceId: string;
    readonly to: string;
    readonly text: string;
    readonly messageId: string;
    readonly key: string;
  }) => Promise<void>;
  readonly clock: Clock;
  readonly sleep: typeof sleep;
  readonly log: Log;
}

/** Pace and reach; all times in milliseconds. */
export interface AutoActionsOptions {
  /** Pause after each round of read receipts of an instance. */
  readonly readEveryMs: number;
  /** Messages of one round. */
  readonly maxReads: number;
  /** How far back a start looks for what a crash or a lost connection left undone. */
  readonly lookBackMs: number;
  /** Events that it looks at then, at most. */
  readonly maxLookBack: number;
  /** A call older than this rings no more. */
  readonly ringingMs: number;
  /** How long the answer to a rejection is waited for. */
  readonly rejectMs: number;
  /** Before a round that failed is tried again. */
  readonly retryMs: number;
  /** Tries of a round before it is left. */
  readonly maxTries: number;
}

/** A person who reads fast. */
export const defaultAutoActionsOptions: AutoActionsOptions = {
  readEveryMs: 300,
  maxReads: 50,
  lookBackMs: 15 * 60_000,
  maxLookBack: 500,
  ringingMs: 90_000,
  rejectMs: 10_000,
  retryMs: 2_000,
  maxTries: 5,
};

/** What instances do by themselves. Disposing ends what is in hand; the next start finds what was not done. */
export interface AutoActions extends AsyncDisposable {
  /** Events were stored, all of one instance. */
  readonly stored: (rows: readonly EventRow[]) => void;
}

/** One instance's place in its events. */
interface Lane {
  /** Position behind which nothing was looked at; undefined before the first look back. */
  done: number | undefined;
  latest: number;
  running: Promise<void> | undefined;
}

/**
 * Reads messages and status posts, and rejects calls, for the instances that are set to. It works on stored events
 * only and holds none of them: what it remembers is a position, so a flood of messages waits on the disk. After a
 * start, when the position is not known, it looks back a little: reading again what was read and rejecting a call that
 * is over change nothing, and the message to a caller has its id from the call.
 */
export function startAutoActions(deps: AutoActionsDeps, options: AutoActionsOptions, signal: AbortSignal): AutoActions {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const lanes = new Map<string, Lane>();

  async function work(instanceId: string, lane: Lane): Promise<void> {
    while (!either.aborted && (lane.done === undefined || lane.done < lane.latest)) {
      const instance = await deps.instances.get({ instanceId });
      if (instance === undefined) return void lanes.delete(instanceId);
      if (!wantsAny(instance)) {
        lane.done = lane.latest;
        continue;
      }
      await deps.sessions.untilOpen(instanceId, either);
      if (either.aborted) return;
      const { rows, done } = await next(instanceId, lane);
      await act(instance, { rows, isLookBack: lane.done === undefined });
      lane.done = done;
    }
  }

  /** The next events, oldest first, and the position they reach to. */
  async function next(instanceId: string, lane: Lane): Promise<{ rows: readonly EventRow[]; done: number }> {
    // Before the question: what is stored meanwhile is not in its answer.
    const { latest } = lane;
    if (lane.done === undefined) {
      const from = deps.clock.now() - options.lookBackMs;
      const newest = await deps.events.list({ instanceId, type: "ReceivedCallback", from, limit: options.maxLookBack });
      return { rows: newest.toReversed(), done: Math.max(latest, newest[0]?.position ?? 0) };
    }
    const rows = await deps.events.since({ instanceId, after: lane.done, limit: pageSize });
    return { rows, done: rows.at(-1)?.position ?? latest };
  }

  async function act(
    instance: Instance,
    found: { readonly rows: readonly EventRow[]; readonly isLookBack: boolean },
  ): Promise<void> {
    const captured = found.rows
      .filter(({ kind }) => kind === "message" || kind === "notification")
      .map((row) => JSON.parse(row.captured) as Captured); // Written by persist out of this very type.
    if (instance.settings.callRejectAuto) {
      for (const call of ringingCallsOf(captured)) await reject(instance, call);
    }
    let reads = autoReadsOf(captured, instance.settings);
    if (found.isLookBack) reads = await unread(instance.id, reads);
    for (let at = 0; at < reads.length && !either.aborted; at += options.maxReads) {
      await read(instance.id, reads.slice(at, at + options.maxReads));
      await deps.sleep(options.readEveryMs, either);
    }
  }

  /** Without those of chats that somebody has read already. */
  async function unread(instanceId: string, reads: readonly AutoRead[]): Promise<readonly AutoRead[]> {
    const open = new Map<string, boolean>();
    for (const { chatId } of reads) {
      if (open.has(chatId)) continue;
      const chat = await deps.directory.chat({ instanceId, chatId });
      open.set(chatId, (chat?.unread ?? 0) > 0);
    }
    return reads.filter(({ chatId }) => open.get(chatId) === true);
  }

  async function read(instanceId: string, reads: readonly AutoRead[]): Promise<void> {
    const keys = reads.map(({ key }) => key);
    await trying(instanceId, "messages not marked as read", async () => {
      await orAborted(deps.sessions.markRead(instanceId, keys), either);
      if (either.aborted) return;
      const chats = [...new Set(reads.map(({ chatId }) => chatId))].map((chatId) => ({ chatId, unread: 0 }));
      await deps.directory.putChats({ instanceId, chats });
    });
  }

  async function reject(instance: Instance, call: RingingCall): Promise<void> {
    const { id: instanceId, settings } = instance;
    if (deps.clock.now() - call.at < options.ringingMs) {
      // A call that is not rejected at once is not worth a second try.
      const patience = AbortSignal.any([either, AbortSignal.timeout(options.rejectMs)]);
      await orAborted(deps.sessions.rejectCall(instanceId, call), patience).catch((error: unknown) =>
        deps.log.warn({ instanceId, error }, "call not rejected"),
      );
    }
    if (settings.callRejectMessage === "" || call.chatId === undefined) return;
    if (deps.clock.now() - call.at >= options.lookBackMs) return;
    const message = { instanceId, to: call.chatId, text: settings.callRejectMessage };
    const named = { messageId: callMessageId(instanceId, call.callId), key: `wazapi:call-reject:${call.callId}` };
    await trying(instanceId, "caller got no message", () => deps.enqueue({ ...message, ...named }));
  }

  /** Until it works, a few times; while the instance is not connected nothing counts. */
  async function trying(instanceId: string, failure: string, once: () => Promise<void>): Promise<void> {
    for (let tries = 1; !either.aborted;) {
      try {
        return await once();
      } catch (error) {
        if (isWazapiError(error, "instance_not_found")) return;
        const isOpen = deps.sessions.isOpen(instanceId);
        if (isOpen && tries >= options.maxTries) return deps.log.warn({ instanceId, error }, failure);
        if (isOpen) tries += 1;
        await deps.sleep(options.retryMs, either);
        if (!isOpen) await deps.sessions.untilOpen(instanceId, either);
      }
    }
  }

  function run(instanceId: string, lane: Lane): void {
    lane.running ??= work(instanceId, lane)
      .catch(async (error: unknown) => {
        deps.log.error({ instanceId, error }, "automatic actions failed");
        await deps.sleep(options.retryMs, either);
      })
      .finally(() => {
        lane.running = undefined;
        const isDone = lane.done !== undefined && lane.done >= lane.latest;
        if (!either.aborted && !isDone && lanes.get(instanceId) === lane) run(instanceId, lane);
      });
  }

  return {
    stored: (rows) => {
      const last = rows.at(-1);
      if (last === undefined || either.aborted) return;
      const { instanceId, position } = last;
      const lane = lanes.get(instanceId) ?? { done: undefined, latest: 0, running: undefined };
      lanes.set(instanceId, lane);
      lane.latest = Math.max(lane.latest, position);
      run(instanceId, lane);
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await Promise.all([...lanes.values()].flatMap(({ running }) => running ?? []));
    },
  };
}

const pageSize = 100;

function wantsAny({ settings }: Instance): boolean {
  return settings.autoReadMessage || settings.autoReadStatus || settings.callRejectAuto;
}

/** The message that follows the rejection of a call: the same id each time, in the form of `newMessageId`. */
function callMessageId(instanceId: string, callId: string): string {
  const digest = createHash("sha256").update(`${instanceId}\n${callId}`).digest("hex");
  return `3EB0${digest.slice(0, 18).toUpperCase()}`;
}
