import { and, desc, eq, lt } from "drizzle-orm";
import { inOrderOfLife, type MessageStatus, statusRank } from "#domain/message-status.ts";
import type { MessageStore } from "../messages.ts";
import type { StatusStep, StoredMessage } from "../records.ts";
import { withoutNulls } from "../rows.ts";
import type { SqliteContext } from "./context.ts";
import { createInstanceGuard } from "./instance-guard.ts";
import { createPutRecords } from "./put-records.ts";
import { messages, messageSteps } from "./schema.ts";

const inboundRows = 1_000;

/** Raw messages and their ledger in SQLite. */
export function createMessages(context: SqliteContext): MessageStore {
  const { orm } = context;
  const put = createPutRecords(context);
  const assertKnown = createInstanceGuard(context.db);

  return {
    get: ({ instanceId, messageId, chatId }) =>
      context.read(() => {
        const inChat = chatId === undefined ? undefined : eq(messages.chatId, chatId);
        const row = orm
          .select()
          .from(messages)
          .where(and(eq(messages.instanceId, instanceId), eq(messages.messageId, messageId), inChat))
          .get();
        return row === undefined ? undefined : messageOf(row);
      }),
    put: (input) =>
      context.write(() => {
        for (const instanceId of new Set(input.messages.map((message) => message.instanceId))) assertKnown(instanceId);
        put.messages(input.messages);
      }),
    record: ({ instanceId, steps }) =>
      context.write(() => {
        assertKnown(instanceId);
        put.steps(instanceId, steps);
      }),
    hasInbound: ({ instanceId, chatIds }) =>
      context.read(() =>
        chatIds.some((chatId) =>
          orm
            .select({ fromMe: messages.fromMe })
            .from(messages)
            .where(and(eq(messages.instanceId, instanceId), eq(messages.chatId, chatId)))
            .orderBy(desc(messages.at))
            .limit(inboundRows)
            .all()
            .some(({ fromMe }) => !fromMe),
        ),
      ),
    trace: ({ instanceId, messageId }) =>
      context.read(() => {
        const rows = orm
          .select()
          .from(messageSteps)
          .where(and(eq(messageSteps.instanceId, instanceId), eq(messageSteps.messageId, messageId)))
          .all();
        const steps = rows.map(stepOf).sort(inOrderOfLife);
        const [first] = steps;
        if (first === undefined) return undefined;
        return { messageId, chatId: first.chatId, status: highest(steps), steps };
      }),
    list: ({ instanceId, chatId, before, limit }) =>
      context.read(() =>
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
          .limit(limit)
          .all()
          .map(messageOf),
      ),
  };
}

function messageOf({ rowId: _rowId, storedAt: _storedAt, ...row }: typeof messages.$inferSelect): StoredMessage {
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
