import { eq } from "drizzle-orm";
import type { ChatLimitsStore } from "../chat-limits.ts";
import { appendEvents } from "./append-events.ts";
import type { PostgresContext } from "./context.ts";
import { chatLimits } from "./schema.ts";
import { statements } from "./statement.ts";

/** Statements of this file, for the test that none scans a table. */
export const chatLimitsSql = statements("chat_limits", {
  put: `INSERT INTO chat_limits (instance_id, limits, updated_at) VALUES ($1, $2::text::json, $3)
    ON CONFLICT (instance_id) DO UPDATE SET limits = excluded.limits, updated_at = excluded.updated_at`,
});

/** Restrictions of accounts in Postgres. */
export function createChatLimits({ db }: PostgresContext): ChatLimitsStore {
  return {
    get: async ({ instanceId }) => {
      const [row] = await db.query((orm) => orm.select().from(chatLimits).where(eq(chatLimits.instanceId, instanceId)));
      return row?.limits;
    },
    put: ({ instanceId, limits, events, now }) =>
      db.transaction(async (tx) => {
        await Promise.all([
          // Takes the lock of the instance.
          appendEvents(tx, { instanceId, events, now }),
          tx.run(chatLimitsSql.put, [instanceId, JSON.stringify(limits), now]),
        ]);
      }),
  };
}
