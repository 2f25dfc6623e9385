import { and, asc, desc, eq, sql } from "drizzle-orm";
import type { DirectoryStore } from "../directory.ts";
import { withoutNulls } from "../rows.ts";
import type { PostgresContext } from "./context.ts";
import { lockInstance } from "./instance-lock.ts";
import { putChats, putContacts, putPairs } from "./put-records.ts";
import type { Queries } from "./queries.ts";
import { chats, contacts, lidPairs } from "./schema.ts";

/** Pairs, contacts and chats in Postgres. */
export function createDirectory(context: PostgresContext): DirectoryStore {
  const { db } = context;

  const writing = (instanceId: string, work: (tx: Queries) => Promise<void>): Promise<void> =>
    db.transaction(async (tx) => {
      await Promise.all([lockInstance(tx, instanceId), work(tx)]);
    });

  return {
    putPairs: ({ instanceId, pairs }) => writing(instanceId, (tx) => putPairs(tx, instanceId, pairs)),
    phoneOf: async ({ instanceId, lid }) => {
      const [row] = await db.query((orm) =>
        orm
          .select({ phone: lidPairs.phone })
          .from(lidPairs)
          .where(and(eq(lidPairs.instanceId, instanceId), eq(lidPairs.lid, lid))),
      );
      return row?.phone;
    },
    lidOf: async ({ instanceId, phone }) => {
      const [row] = await db.query((orm) =>
        orm
          .select({ lid: lidPairs.lid })
          .from(lidPairs)
          .where(and(eq(lidPairs.instanceId, instanceId), eq(lidPairs.phone, phone)))
          .orderBy(desc(lidPairs.ordinal))
          .limit(1),
      );
      return row?.lid;
    },
    pairs: ({ instanceId, limit }) =>
      db.query((orm) =>
        orm
          .select({ lid: lidPairs.lid, phone: lidPairs.phone })
          .from(lidPairs)
          .where(eq(lidPairs.instanceId, instanceId))
          .orderBy(desc(lidPairs.ordinal))
          .limit(limit),
      ),
    putContacts: (input) => writing(input.instanceId, (tx) => putContacts(tx, input.instanceId, input.contacts)),
    contact: async ({ instanceId, contactId }) => {
      const [row] = await db.query((orm) =>
        orm
          .select()
          .from(contacts)
          .where(and(eq(contacts.instanceId, instanceId), eq(contacts.contactId, contactId))),
      );
      return row === undefined ? undefined : withoutNulls(row);
    },
    contacts: async ({ instanceId, offset, limit }) => {
      const rows = await db.query((orm) =>
        orm
          .select()
          .from(contacts)
          .where(eq(contacts.instanceId, instanceId))
          .orderBy(asc(contacts.contactId))
          .limit(limit)
          .offset(offset),
      );
      return rows.map((row) => withoutNulls(row));
    },
    putChats: (input) => writing(input.instanceId, (tx) => putChats(tx, input.instanceId, input.chats)),
    chat: async ({ instanceId, chatId }) => {
      const [row] = await db.query((orm) =>
        orm
          .select()
          .from(chats)
          .where(and(eq(chats.instanceId, instanceId), eq(chats.chatId, chatId))),
      );
      return row === undefined ? undefined : withoutNulls(row);
    },
    chats: async ({ instanceId, offset, limit }) => {
      const rows = await db.query((orm) =>
        orm
          .select()
          .from(chats)
          .where(eq(chats.instanceId, instanceId))
          .orderBy(sql`${chats.lastMessageAt} DESC NULLS LAST`, desc(chats.chatId))
          .limit(limit)
          .offset(offset),
      );
      return rows.map((row) => withoutNulls(row));
    },
  };
}
