import { and, desc, eq, lt } from "drizzle-orm";
import { inOrderOfLife, type MessageStatus, statusRank } from "#domain/message-status.ts";
import type { MessageStore } from "../messages.ts";
import type { StatusStep, StoredMessage } from "../records.ts";
import { withoutNulls } from "../rows.ts";
import type { PostgresContext } from "./context.ts";
import { lockInstance, lockInstances } from "./instance-lock.ts";
import { putMessages, putSteps } from "./put-records.ts";
import { messages, messageSteps } from "./schema.ts";
import { WazapiError } from "#domain/errors.ts";

const inboundRows = 1_000;

/** Raw messages and their ledger in Postgres. */
export function createMessages(context: PostgresContext): MessageStore {
  const { db, clock } = context;

  return {
    get: async ({ instanceId, messageId, chatId }) => {
      const inChat = chatId === undefined ? undefined : eq(messages.chatId, chatId);
      const [row] = await db.query((orm) =>
        orm
          .select()
          .from(messages)
          .where(and(eq(messages.instanceId, instanceId), eq(messages.messageId, messageId), inChat))
          .limit(1),
      );
      return row === undefined ? undefined : messageOf(row);
    },
    put: (input) =>
      db.transaction(async (tx) => {
        const instanceIds = [...new Set(input.messages.map(({ instanceId }) => instanceId))];
        const known = await lockInstances(tx, instanceIds);
        if (known.length < instanceIds.length) throw new WazapiError("instance_not_found");
        await putMessages(tx, input.messages, clock.now());
      }),
    record: ({ instanceId, steps }) =>
      db.transaction(async (tx) => {
        await Promise.all([lockInstance(tx, instanceId), putSteps(tx, { instanceId, steps, storedAt: clock.now() })]);
      }),
    hasInbound: async ({ instanceId, chatIds }) => {
      for (const chatId of chatIds) {
        const rows = await db.query((orm) =>
          orm
            .select({ fromMe: messages.fromMe })
            .from(messages)
            .where(and(eq(messages.instanceId, instanceId), eq(messages.chatId, chatId)))
            .orderBy(desc(messages.at))
            .limit(inboundRows),
        );
        if (rows.some(({ fromMe }) => !fromMe)) return true;
      }
      return false;
    },
    trace: async ({ instanceId, messageId }) => {
      const rows = await db.query((orm) =>
        orm
          .select()
          .from(messageSteps)
          .where(and(eq(messageSteps.instanceId, instanceId), eq(messageSteps.messageId, messageId))),
      );
      const steps = rows.map(stepOf).sort(inOrderOfLife);
      const [first] = steps;
      if (first === undefined) return undefined;
      return { messageId, chatId: first.chatId, status: highest(steps), steps };
    },
    list: async ({ instanceId, chatId, before, limit }) => {
      const rows = await db.query((orm) =>
        orm
          .select()
          .from(messages)
          .where(
            and(
              eq(messages.instanceId, instanceId),
              eq(messages.chatId, chatId),
              before === undefined ? undefined : lt(messages.at, before),
            ),
          )
          .orderBy(desc(messages.at), desc(messages.rowId))
          .limit(limit),
      );
      return rows.map(messageOf);
    },
  };
}

function messageOf(message: typeof messages.$inferSelect): StoredMessage {
  const { rowId: _, storedAt: __, ...row } = message;
  return row;
}

function stepOf(row: typeof messageSteps.$inferSelect): StatusStep {
  const { messageId, chatId, status, at, detail, participant } = row;
  return withoutNulls({ messageId, chatId, status, at, detail, participant: participant === "" ? null : participant });
}

function highest(steps: readonly StatusStep[]): MessageStatus {
  return steps.reduce<MessageStatus>(
    (best, step) => (statusRank(step.status) > statusRank(best) ? step.status : best),
    "queued",
  );
}
