import { and, asc, desc, eq } from "drizzle-orm";
import type { ChatRow, ContactRow, DirectoryStore } from "../directory.ts";
import { withoutNulls } from "../rows.ts";
import type { SqliteContext } from "./context.ts";
import { createInstanceGuard } from "./instance-guard.ts";
import { createPutRecords } from "./put-records.ts";
import { chats, contacts, lidPairs } from "./schema.ts";

/** Pairs, contacts and chats in SQLite. */
export function createDirectory(context: SqliteContext): DirectoryStore {
  const { orm } = context;
  const put = createPutRecords(context);
  const assertKnown = createInstanceGuard(context.db);

  const writing = (instanceId: string, work: () => void): Promise<void> =>
    context.write(() => {
      assertKnown(instanceId);
      work();
    });

  return {
    putPairs: ({ instanceId, pairs }) => writing(instanceId, () => put.pairs(instanceId, pairs)),
    phoneOf: ({ instanceId, lid }) =>
      context.read(
        () =>
          orm
            .select({ phone: lidPairs.phone })
            .from(lidPairs)
            .where(and(eq(lidPairs.instanceId, instanceId), eq(lidPairs.lid, lid)))
            .get()?.phone,
      ),
    lidOf: ({ instanceId, phone }) =>
      context.read(
        () =>
          orm
            .select({ lid: lidPairs.lid })
            .from(lidPairs)
            .where(and(eq(lidPairs.instanceId, instanceId), eq(lidPairs.phone, phone)))
            .orderBy(desc(lidPairs.ordinal))
            .limit(1)
            .get()?.lid,
      ),
    pairs: ({ instanceId, limit }) =>
      context.read(() =>
        orm
          .select({ lid: lidPairs.lid, phone: lidPairs.phone })
          .from(lidPairs)
          .where(eq(lidPairs.instanceId, instanceId))
          .orderBy(desc(lidPairs.ordinal))
          .limit(limit)
          .all(),
      ),
    putContacts: (input) => writing(input.instanceId, () => put.contacts(input.instanceId, input.contacts)),
    contact: ({ instanceId, contactId }) =>
      context.read(() => {
        const row = orm
          .select()
          .from(contacts)
          .where(and(eq(contacts.instanceId, instanceId), eq(contacts.contactId, contactId)))
          .get();
        return row === undefined ? undefined : (withoutNulls(row) satisfies ContactRow);
      }),
    contacts: ({ instanceId, offset, limit }) =>
      context.read(() =>
        orm
          .select()
          .from(contacts)
          .where(eq(contacts.instanceId, instanceId))
          .orderBy(asc(contacts.contactId))
          .limit(limit)
          .offset(offset)
          .all()
          .map((row) => withoutNulls(row)),
      ),
    putChats: (input) => writing(input.instanceId, () => put.chats(input.instanceId, input.chats)),
    chat: ({ instanceId, chatId }) =>
      context.read(() => {
        const row = orm
          .select()
          .from(chats)
          .where(and(eq(chats.instanceId, instanceId), eq(chats.chatId, chatId)))
          .get();
        return row === undefined ? undefined : (withoutNulls(row) satisfies ChatRow);
      }),
    chats: ({ instanceId, offset, limit }) =>
      context.read(() =>
        orm
          .select()
          .from(chats)
          .where(eq(chats.instanceId, instanceId))
          // SQLite sorts null below every number: chats without a message come last.
          .orderBy(desc(chats.lastMessageAt), desc(chats.chatId))
          .limit(limit)
          .offset(offset)
          .all()
          .map((row) => withoutNulls(row)),
      ),
  };
}
