import type { QueueStore } from "../queue.ts";
import type { PostgresContext } from "./context.ts";
import { createQueueClaims } from "./queue-claims.ts";
import { createQueueControls } from "./queue-controls.ts";
import { createQueueEnqueue } from "./queue-enqueue.ts";
import { createQueueLists } from "./queue-lists.ts";

/** The send queue in Postgres. */
export function createQueue(context: PostgresContext): QueueStore {
  return {
    ...createQueueEnqueue(context),
    ...createQueueClaims(context),
    ...createQueueControls(context),
    ...createQueueLists(context),
  };
}
