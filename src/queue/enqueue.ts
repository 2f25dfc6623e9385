import { createHash } from "node:crypto";
import type { Outgoing } from "#domain/content.ts";
import { WazapiError } from "#domain/errors.ts";
import { newMessageId, newZaapId } from "#domain/ids.ts";
import { canonicalJid, isLidJid, personJid, userOf } from "#domain/jid.ts";
import type { Sender } from "#domain/session.ts";
import type { Clock } from "#lib/clock.ts";
import type { DirectoryStore } from "#store/directory.ts";
import type { InstanceStore } from "#store/instances.ts";
import type { QueuedMessage, QueueStore } from "#store/queue.ts";
import type { QueueWorker } from "./worker.ts";

/** One message to be sent. */
export interface EnqueueInput {
  readonly instanceId: string;
  readonly outgoing: Outgoing;
  /** Wait behind the last send and behind acceptance, milliseconds; undefined takes the random pace behind the last. */
  readonly delayMs?: number;
  /** Typing shown before it, milliseconds; 0 when undefined. */
  readonly typingMs?: number;
  /** Not before this time (epoch milliseconds); those behind it are not held up. */
  readonly scheduledAt?: number;
  readonly idempotencyKey?: string;
  /** What makes a request the same; derived from the message when undefined. */
  readonly requestHash?: string;
  /** WhatsApp message id, when the caller had to know it before. */
  readonly messageId?: string;
}

/** The row that holds the message. */
export interface Enqueued {
  readonly zaapId: string;
  readonly messageId: string;
  /** False when the idempotency key named a message accepted earlier. */
  readonly created: boolean;
}

/** Accepts messages for sending. */
export type Enqueue = (input: EnqueueInput) => Promise<Enqueued>;

/**
 * The message that an idempotency key was accepted with before; undefined when there is none. Throws
 * `idempotency_conflict` when that was another request.
 */
export type Accepted = (input: {
  readonly instanceId: string;
  readonly idempotencyKey: string;
  readonly requestHash: string;
}) => Promise<QueuedMessage | undefined>;

/** For requests whose work should not be done again only to find that it was done. */
export function createAccepted(deps: {
  readonly queue: Pick<QueueStore, "accepted">;
  readonly clock: Clock;
}): Accepted {
  return ({ instanceId, idempotencyKey: key, requestHash }) =>
    deps.queue.accepted({ instanceId, key, requestHash, now: deps.clock.now() });
}

/** What accepting works with. */
export interface EnqueueDeps {
  readonly queue: Pick<QueueStore, "enqueue">;
  readonly instances: Pick<InstanceStore, "get">;
  readonly directory: Pick<DirectoryStore, "phoneOf">;
  readonly sender: Pick<Sender, "isOpen">;
  readonly worker: Pick<QueueWorker, "wake" | "isDraining">;
  readonly clock: Clock;
}

/** Limits of what is accepted. */
export interface EnqueueOptions {
  /** Messages kept per instance while it is not connected. */
  readonly maxWaitingOffline: number;
  /** How long an idempotency key is remembered, milliseconds. */
  readonly idempotencyMs: number;
}

/** Z-API's limit of kept messages, and a day for idempotency keys. */
export const defaultEnqueueOptions: EnqueueOptions = {
  maxWaitingOffline: 1_000,
  idempotencyMs: 24 * 60 * 60 * 1_000,
};

/**
 * Accepts messages: when it resolves the row is on disk, its WhatsApp message id is fixed and the worker knows. Throws
 * `shutting_down`, `queue_full`, `idempotency_conflict`, `instance_not_found`, and `not_connected` for instances that do
 * not keep messages while disconnected.
 */
export function createEnqueue(deps: EnqueueDeps, options: EnqueueOptions): Enqueue {
  return async (input) => {
    const { instanceId, delayMs, scheduledAt, idempotencyKey } = input;
    if (deps.worker.isDraining()) throw new WazapiError("shutting_down");
    const offline = !deps.sender.isOpen(instanceId);
    if (offline) await checkKeeps(deps, instanceId);
    const now = deps.clock.now();
    const { message, created } = await deps.queue.enqueue({
      message: {
        zaapId: newZaapId(),
        instanceId,
        messageId: input.messageId ?? newMessageId(),
        chatId: await chatOf(deps.directory, input),
        outgoing: input.outgoing,
        dueAt: Math.max(now, scheduledAt ?? now),
        ...(scheduledAt === undefined ? {} : { scheduledAt }),
        ...(delayMs === undefined ? {} : { delayMs }),
        typingMs: input.typingMs ?? 0,
        createdAt: now,
      },
      ...(idempotencyKey === undefined
        ? {}
        : {
            idempotency: {
              key: idempotencyKey,
              requestHash: input.requestHash ?? hashOf(input),
              expiresAt: now + options.idempotencyMs,
            },
          }),
      ...(offline ? { maxWaiting: options.maxWaitingOffline } : {}),
      now,
    });
    if (created) deps.worker.wake(instanceId, message.dueAt);
    return { zaapId: message.zaapId, messageId: message.messageId, created };
  };
}

/** The chat by number when it is known, so that both names of a person are one line. */
async function chatOf(
  directory: Pick<DirectoryStore, "phoneOf">,
  { instanceId, outgoing }: Pick<EnqueueInput, "instanceId" | "outgoing">,
): Promise<string> {
  const chat = canonicalJid(outgoing.to);
  if (!isLidJid(chat)) return chat;
  const phone = await directory.phoneOf({ instanceId, lid: userOf(chat) });
  return phone === undefined ? chat : personJid(phone);
}

async function checkKeeps(deps: EnqueueDeps, instanceId: string): Promise<void> {
  const instance = await deps.instances.get({ instanceId });
  if (instance === undefined) throw new WazapiError("instance_not_found");
  if (instance.settings.disableEnqueueWhenDisconnected) throw new WazapiError("not_connected");
}

function hashOf({ outgoing, delayMs, typingMs, scheduledAt }: EnqueueInput): string {
  const request = JSON.stringify([outgoing, delayMs ?? null, typingMs ?? null, scheduledAt ?? null]);
  return createHash("sha256").update(request).digest("hex");
}
