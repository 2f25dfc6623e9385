import type { Outgoing } from "#domain/content.ts";
import type { HookSlot, Instance } from "#domain/instance.ts";
import type { FileContent, OutgoingFile } from "#domain/outgoing/files.ts";
import type { SessionControl } from "#domain/session.ts";
import type { SeenUnknown } from "#domain/unknown-wire.ts";
import type { Clock } from "#lib/clock.ts";
import type { AddressGuard } from "#lib/guard.ts";
import type { Log } from "#lib/log.ts";
import type { EventRow } from "#store/records.ts";
import type { Store } from "#store/store.ts";

/** Takes messages for sending. Resolves after the row is durable. */
export interface SendQueue {
  /** Throws `idempotency_conflict`, `queue_full`, `not_connected` when keeping is switched off for the instance. */
  readonly enqueue: (input: {
    readonly instanceId: string;
    readonly outgoing: Outgoing;
    /** Wait before it, milliseconds; undefined takes the random pace. */
    readonly delayMs?: number;
    readonly typingMs?: number;
    /** Epoch milliseconds. */
    readonly scheduledAt?: number;
    readonly idempotencyKey?: string;
    readonly requestHash?: string;
  }) => Promise<{ readonly zaapId: string; readonly messageId: string; readonly created: boolean }>;
  /**
   * The message that this key was accepted with before; undefined when there is none. Throws `idempotency_conflict` for
   * a key that was used with another request.
   */
  readonly accepted: (input: {
    readonly instanceId: string;
    readonly idempotencyKey: string;
    readonly requestHash: string;
  }) => Promise<{ readonly zaapId: string; readonly messageId: string; readonly outgoing: Outgoing } | undefined>;
}

/** What this node can do now. */
export interface Readiness {
  readonly check: (signal: AbortSignal) => Promise<{
    readonly role: "leader" | "standby" | "member";
    /** Name of a part to its state; the node is ready when none is unhealthy. */
    readonly checks: Readonly<
      Record<string, { readonly status: "healthy" | "degraded" | "unhealthy"; readonly error?: string }>
    >;
  }>;
}

/** The metrics of this process. */
export interface Metrics {
  /** Prometheus text. */
  readonly render: () => Promise<{ readonly contentType: string; readonly text: string }>;
  /** Called once a request. `operation` is the id of the operation, never a URL. */
  readonly requestAnswered?: (request: {
    readonly operation: string;
    readonly method: string;
    readonly status: number;
    readonly durationMs: number;
  }) => void;
}

/** Sends one synthetic event to a configured hook, past the outbox. Never throws for an answer or a network failure. */
export interface WebhookTest {
  readonly send: (
    input: { readonly instance: Instance; readonly slot: HookSlot; readonly url: string },
    signal: AbortSignal,
  ) => Promise<{
    readonly status?: number;
    readonly error?: string;
    readonly durationMs: number;
    /** First kilobyte of the answer. */
    readonly answer?: string;
  }>;
}

/** The outbox as a stream. */
export interface EventFeed {
  /** Events above this position, oldest first. */
  readonly since: (input: {
    readonly instanceId?: string;
    readonly after: number;
    readonly limit: number;
  }) => Promise<readonly EventRow[]>;
  readonly lastPosition: () => Promise<number>;
  /** Resolves when there may be new events, or on abort; may resolve for nothing. */
  readonly wait: (signal: AbortSignal) => Promise<void>;
}

/** Tells the workers that rows have changed under them; a lost wake costs time, never work. */
export interface Wake {
  /** Messages of this instance wait in the queue. */
  readonly queue: (instanceId: string) => void;
  /** Deliveries wait in their lanes. */
  readonly deliveries: () => void;
}

/** Removes dead letters for good, which the retention otherwise does. */
export interface DeadLetters {
  /** Deletes discarded deliveries settled before this moment (epoch milliseconds); answers how many. */
  readonly purge: (input: { readonly instanceId: string; readonly before: number }) => Promise<number>;
}

/** Fetches what a caller points at, behind the guard against private addresses. */
export interface RemoteFile {
  /** Throws `forbidden_address`, `media_rejected`, `payload_too_large`. */
  readonly fetch: (url: string, limit: { readonly maxBytes: number }, signal: AbortSignal) => Promise<Uint8Array>;
}

/** A file that a caller hands in for a message. */
export interface MediaInput {
  readonly instanceId: string;
  readonly kind: FileContent["kind"];
  /** An http(s) address, a `data:` URI, or `wazapi:` and the id of a file handed in before. */
  readonly source: string;
  /** The name the caller gives it; it never becomes a path. */
  readonly fileName?: string;
  /** The extension the caller says it has. */
  readonly extension?: string;
  /** Less than what its kind allows. */
  readonly maxBytes?: number;
  /** Written into a sticker as its publisher. */
  readonly stickerAuthor?: string;
  /** Names the file inside its message: `main` when absent, `header`, `card-0`… */
  readonly part?: string;
}

/** A file that waits to be sent under its id. */
export interface ReceivedFile {
  readonly mediaId: string;
  /** As its content says. */
  readonly mimeType: string;
  readonly bytes: number;
  readonly fileName?: string;
  /** Epoch milliseconds at which it may go when no message uses it. */
  readonly expiresAt: number;
}

/** Takes the files of messages into the storage. */
export interface MediaIntake {
  /**
   * Resolves when the file survives a crash. Throws `forbidden_address`, `media_rejected`, `payload_too_large`, or the
   * signal's reason.
   */
  readonly ingest: (input: MediaInput, signal: AbortSignal) => Promise<OutgoingFile>;
  /**
   * Writes a file as it comes, before it is known what it is for; resolves when it survives a crash. Throws
   * `payload_too_large`, `media_rejected`, `invalid_request` for one that breaks off, or the signal's reason.
   */
  readonly receive: (
    input: {
      readonly instanceId: string;
      readonly bytes: AsyncIterable<Uint8Array>;
      readonly contentType?: string;
      readonly fileName?: string;
    },
    signal: AbortSignal,
  ) => Promise<ReceivedFile>;
  /** Largest file of any kind. */
  readonly maxBytes: number;
}

/** The files of messages as customers get them. */
export interface MediaFiles {
  /** Answers a request to a signed address, refusals included; never rejects. */
  readonly serve: (request: Request) => Promise<Response>;
  readonly stats: () => Promise<{
    readonly files: number;
    readonly bytes: number;
    readonly directory: string;
    /** How long signed addresses live, milliseconds. */
    readonly linkMs: number;
    /** What addresses of files begin with. */
    readonly baseUrl: string;
    /** What converts sounds and films. */
    readonly converter: "native" | "wasm" | "none";
  }>;
}

/** Messages that passed already. */
export interface PastMessages {
  /** Newest first, each in the form of its webhook. */
  readonly payloads: readonly unknown[];
  /** The phone was asked for more and did not answer: there may be more. */
  readonly isPhoneSilent: boolean;
}

/** Messages that passed already. */
export interface ChatMessages {
  /** Up to `amount` older than the message `before`, newest first. May ask the phone, and wait for its answer. */
  readonly page: (
    input: {
      readonly instanceId: string;
      readonly chatId: string;
      readonly amount: number;
      readonly before?: string;
    },
    signal: AbortSignal,
  ) => Promise<PastMessages>;
}

/** Everything the routes need; `app.ts` joins the rooms that have it. */
export interface HttpDeps {
  readonly store: Pick<Store, "instances" | "events" | "deliveries" | "queue" | "messages" | "directory">;
  readonly sessions: SessionControl;
  readonly sendQueue: SendQueue;
  readonly readiness: Readiness;
  readonly metrics: Metrics;
  /** What WhatsApp sent that this version does not know, the latest first. */
  readonly unknownWire: { readonly list: () => readonly SeenUnknown[] };
  readonly webhookTest: WebhookTest;
  readonly feed: EventFeed;
  readonly wake: Wake;
  readonly deadLetters: DeadLetters;
  readonly remoteFile: RemoteFile;
  readonly media: MediaIntake;
  readonly mediaFiles: MediaFiles;
  readonly chatMessages: ChatMessages;
  /** What addresses of this server begin with for people outside, without a slash at the end. */
  readonly publicUrl: () => string;
  /** What callers may point webhooks at. */
  readonly addressGuard: Pick<AddressGuard, "check">;
  /** The webhook body of an event as its hook receives it, or a promise of it; undefined for kinds without one. */
  readonly renderEvent: (event: EventRow) => unknown;
  /** `draining`: sends are refused. `standby`: everything that needs the store is. */
  readonly availability: () => "open" | "draining" | "standby";
  /** Aborts when the server begins to stop: ends the streams. */
  readonly stopping: AbortSignal;
  readonly clock: Clock;
  readonly log: Log;
  /** Names to JSON Schemas of the webhook bodies, for the docs. */
  readonly webhookSchemas: Readonly<Record<string, unknown>>;
  readonly version: string;
}
