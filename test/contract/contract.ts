import type { StoreAdapter } from "./adapter.ts";
import { authStateContract } from "./auth-state.ts";
import { deadLettersContract } from "./dead-letters.ts";
import { deliverySettleContract } from "./delivery-settle.ts";
import { directoryContract } from "./directory.ts";
import { eventsContract } from "./events.ts";
import { furtherHooksContract } from "./further-hooks.ts";
import { hooksContract } from "./hooks.ts";
import { instancesContract } from "./instances.ts";
import { laneOrderContract } from "./lane-order.ts";
import { lanesContract } from "./lanes.ts";
import { leasesContract } from "./leases.ts";
import { mediaContract } from "./media.ts";
import { mediaRecordsContract } from "./media-records.ts";
import { messagesContract } from "./messages.ts";
import { queueClaimsContract } from "./queue-claims.ts";
import { queueControlsContract } from "./queue-controls.ts";
import { queueEnqueueContract } from "./queue-enqueue.ts";
import { chatLimitsContract } from "./chat-limits.ts";
import { queueChatsContract } from "./queue-chats.ts";
import { queueOrderContract } from "./queue-order.ts";
import { retentionContract } from "./retention.ts";
import { wholeStoreContract } from "./store.ts";

const suites = [
  wholeStoreContract,
  instancesContract,
  hooksContract,
  furtherHooksContract,
  authStateContract,
  eventsContract,
  lanesContract,
  deliverySettleContract,
  deadLettersContract,
  laneOrderContract,
  queueEnqueueContract,
  queueClaimsContract,
  queueControlsContract,
  queueChatsContract,
  queueOrderContract,
  messagesContract,
  directoryContract,
  chatLimitsContract,
  leasesContract,
  retentionContract,
  mediaContract,
  mediaRecordsContract,
] as const;

/** Every suite on one adapter: what the rest of the program may rely on whatever database is behind it. */
export function storeContract(adapter: StoreAdapter): void {
  for (const suite of suites) suite(adapter);
}
