import type { Captured } from "#domain/captured.ts";
import type { Instance } from "#domain/instance.ts";
import type { Sender, SendResult } from "#domain/session.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { sleep } from "#lib/sleep.ts";
import type { DirectoryStore } from "#store/directory.ts";
import type { InstanceStore } from "#store/instances.ts";
import type { QueuedMessage, QueueStore } from "#store/queue.ts";
import type { NewEvent } from "#store/records.ts";

/** What WhatsApp said yes to. */
export type Acked = Extract<SendResult, { outcome: "acked" }>;

/** How one try ended, for metrics. `released`: back in the line without an attempt; `held`: not tried, it has to wait. */
export interface QueueOutcome {
  readonly instanceId: string;
  readonly outcome: "sent" | "failed" | "retried" | "held" | "released" | "lost";
  /** Stable code of the failure, when there was one. */
  readonly code?: string;
  /** From acceptance to this end, milliseconds. */
  readonly ageMs: number;
}

/** What sending works with. */
export interface QueueDeps {
  readonly queue: QueueStore;
  readonly instances: Pick<InstanceStore, "get">;
  readonly directory: Pick<DirectoryStore, "phoneOf" | "lidOf">;
  readonly sender: Sender;
  /** Turns a captured event of a message into a row, routed by the settings of the instance. */
  readonly toNewEvent: (captured: Captured, instance: Instance, message: QueuedMessage) => NewEvent;
  /** Further events of a sent message, e.g. its echo to webhooks that want own messages. */
  readonly echo?: (input: {
    readonly message: QueuedMessage;
    readonly sent: Acked;
    readonly instance: Instance;
  }) => Promise<readonly Captured[]>;
  /** Called after each try; must not throw. */
  readonly observe?: (outcome: QueueOutcome) => void;
  /** Called when rows of the outbox were written, so that webhooks leave and files are taken care of at once. */
  readonly eventsStored?: (events: readonly NewEvent[]) => void;
  readonly clock: Clock;
  readonly sleep: typeof sleep;
  /** Answers in [0, 1): pace and jitter. */
  readonly random: () => number;
  readonly log: Log;
}
