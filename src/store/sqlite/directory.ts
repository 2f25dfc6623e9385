import { and, asc, desc, eq, sql } from "drizzle-orm";
import type { ChatRow, ContactRow, DirectoryStore } from "../directory.ts";
import { withoutNulls } from "../rows.ts";
import type { SqliteContext } from "./context.ts";
import { createInstanceGuard } from "./instance-guard.ts";
import { createPutRecords } from "./put-records.ts";
import { chats, contacts, lidPairs } from "./schema.ts";

/** SQL of this file, for the test that no statement scans a table: what is asked for each message. */
export const directorySql = {
  phoneOf: "SELECT phone FROM lid_pairs WHERE instance_id = +? AND lid = +?",
  // A number may have had several; the one learnt last holds.
  lidOf: "SELECT lid FROM lid_pairs WHERE instance_id = +? AND phone = +? ORDER BY ordinal DESC LIMIT 1",
} as const;

/** Pairs, contacts and chats in SQLite. */
export function createDirectory(context: SqliteContext): DirectoryStore {
  const { db, orm } = context;
  const phoneOf = db.prepare<[string, string], { phone: string }>(directorySql.phoneOf);
  const lidOf = db.prepare<[string, string], { lid: string }>(directorySql.lidOf);
  // Prepared once: both are asked for each message.
  const contact = orm
    .select()
    .from(contacts)
    .where(
      and(eq(contacts.instanceId, sql.placeholder("instanceId")), eq(contacts.contactId, sql.placeholder("contactId"))),
    )
    .prepare();
  const chat = orm
    .select()
    .from(chats)
    .where(and(eq(chats.instanceId, sql.placeholder("instanceId")), eq(chats.chatId, sql.placeholder("chatId"))))
    .prepare();
  const put = createPutRecords(context);
  const assertKnown = createInstanceGuard(db);

  const writing = (instanceId: string, work: () => void): Promise<void> =>
    context.write(() => {
      assertKnown(instanceId);
      work();
    });

  return {
    putPairs: ({ instanceId, pairs }) => writing(instanceId, () => put.pairs(instanceId, pairs)),
    phoneOf: ({ instanceId, lid }) => context.read(() => phoneOf.get(instanceId, lid)?.phone),
    lidOf: ({ instanceId, phone }) => context.read(() => lidOf.get(instanceId, phone)?.lid),
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
        const row = contact.get({ instanceId, contactId });
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
        const row = chat.get({ instanceId, chatId });
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
