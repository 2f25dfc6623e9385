import { eq } from "drizzle-orm";
import type { ChatLimitsStore } from "../chat-limits.ts";
import type { PostgresContext } from "./context.ts";
import { lockInstance } from "./instance-lock.ts";
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
    put: ({ instanceId, limits, now }) =>
      db.transaction(async (tx) => {
        await Promise.all([
          lockInstance(tx, instanceId),
          tx.run(chatLimitsSql.put, [instanceId, JSON.stringify(limits), now]),
        ]);
      }),
  };
}
