import type { AuthStateStore } from "./auth-state.ts";
import type { ChatLimitsStore } from "./chat-limits.ts";
import type { DeliveryStore } from "./deliveries.ts";
import type { DirectoryStore } from "./directory.ts";
import type { EventStore } from "./events.ts";
import type { InstanceStore } from "./instances.ts";
import type { LeaseStore } from "./leases.ts";
import type { MediaFileStore, MediaStore } from "./media.ts";
import type { MessageStore } from "./messages.ts";
import type { QueueStore } from "./queue.ts";
import type { RetentionStore } from "./retention.ts";

/** Seals secrets at rest. Opening throws `storage` when the key is not the one that sealed. */
export interface Sealer {
  readonly seal: (plain: Uint8Array) => Uint8Array;
  readonly open: (sealed: Uint8Array) => Uint8Array;
}

/** Everything durable. Whoever opened it closes it, after all who use it. */
export interface Store extends AsyncDisposable {
  readonly instances: InstanceStore;
  readonly authState: AuthStateStore;
  readonly events: EventStore;
  readonly deliveries: DeliveryStore;
  readonly queue: QueueStore;
  readonly messages: MessageStore;
  readonly directory: DirectoryStore;
  readonly chatLimits: ChatLimitsStore;
  readonly leases: LeaseStore;
  readonly media: MediaStore;
  readonly mediaFiles: MediaFileStore;
  readonly retention: RetentionStore;
  /** Whether it can be written now; throws `storage` with the reason. */
  readonly check: () => Promise<void>;
}
