import { defaultReconcileOptions } from "#cluster/reconcile.ts";
import { defaultRetentionPace } from "#cluster/retention.ts";
import type { Config } from "#config/schema.ts";
import { defaultDispatchOptions } from "#pipeline/dispatch/options.ts";
import { defaultBufferOptions, defaultPostOptions } from "#pipeline/pipeline.ts";
import { defaultEnqueueOptions } from "#queue/enqueue.ts";
import { defaultQueueOptions } from "#queue/options.ts";
import { defaultSessionsOptions } from "#whatsapp/options.ts";
import { defaultAttendantsOptions } from "./engine-attendants.ts";
import type { EngineOptions } from "./engine.ts";

/** Missed heartbeats after which a node counts as dead. */
const missedBeats = 4;

/** The settings in the words of the rooms; what no setting names keeps the room's own default. */
export function engineOptionsOf(config: Config, owner: string): EngineOptions {
  const { webhooks, queue, whatsapp, retention } = config;
  const { everyMs: retentionEveryMs, ...policy } = retention;
  const { version, qrTimeoutMs, resendMaxAgeMs, ...session } = whatsapp;
  return {
    pipeline: {
      buffer: { ...defaultBufferOptions, maxItems: webhooks.maxBuffered },
      dispatch: {
        ...defaultDispatchOptions,
        owner,
        chatsInParallel: webhooks.chatsInParallel,
        retry: { ...defaultDispatchOptions.retry, baseMs: webhooks.retryBaseMs, maxMs: webhooks.retryMaxMs },
        maxRetries: webhooks.maxRetries,
        maxRetryAfterMs: webhooks.maxRetryAfterMs,
      },
      post: {
        ...defaultPostOptions,
        timeoutMs: webhooks.timeoutMs,
        connectionsPerOrigin: webhooks.connectionsPerOrigin,
      },
      persist: { mediaKeepMs: config.media.keepMs, uploadsSent: config.media.s3.bucket !== undefined },
    },
    queue: {
      ...defaultQueueOptions,
      owner,
      pace: queue.pace,
      ackTimeoutMs: queue.ackTimeoutMs,
      maxRetries: queue.maxRetries,
    },
    enqueue: {
      ...defaultEnqueueOptions,
      maxWaitingOffline: queue.maxWaitingOffline,
      idempotencyMs: queue.idempotencyMs,
    },
    sessions: {
      ...session,
      reconnect: { ...defaultSessionsOptions.reconnect, ...whatsapp.reconnect },
      retries: { ...defaultSessionsOptions.retries, maxAgeMs: resendMaxAgeMs },
      deadAfterMs: missedBeats * config.leadership.heartbeatMs,
      ...(qrTimeoutMs === undefined ? {} : { qrTimeoutMs }),
      ...(version === undefined ? {} : { version: [...version] }),
    },
    reconcile: {
      ...defaultReconcileOptions,
      everyMs: config.reconcile.everyMs,
      firstAfterMs: config.reconcile.everyMs,
    },
    retention: { ...defaultRetentionPace, policy, everyMs: retentionEveryMs },
    attendants: { ...defaultAttendantsOptions, names: { ...defaultAttendantsOptions.names, ...config.profiles } },
  };
}
