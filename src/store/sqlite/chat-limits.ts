import { eq } from "drizzle-orm";
import type { ChatLimitsStore } from "../chat-limits.ts";
import { createAppendEvents } from "./append-events.ts";
import type { SqliteContext } from "./context.ts";
import { createInstanceGuard } from "./instance-guard.ts";
import { chatLimits } from "./schema.ts";

/** Restrictions of accounts in SQLite. */
export function createChatLimits(context: SqliteContext): ChatLimitsStore {
  const { db, orm } = context;
  const assertKnown = createInstanceGuard(db);
  const append = createAppendEvents(context);
  return {
    get: ({ instanceId }) =>
      context.read(() => orm.select().from(chatLimits).where(eq(chatLimits.instanceId, instanceId)).get()?.limits),
    put: ({ instanceId, limits, events, now }) =>
      context.write(() => {
        assertKnown(instanceId);
        const row = { limits, updatedAt: now };
        orm
          .insert(chatLimits)
          .values({ instanceId, ...row })
          .onConflictDoUpdate({ target: chatLimits.instanceId, set: row })
          .run();
        append({ instanceId, events, now });
      }),
  };
}
