import type { ChatPatch, ContactPatch, LidPair, Records, StatusStep, StoredMessage } from "../records.ts";
import type { SqliteContext } from "./context.ts";
import { createMergePerson } from "./merge-person.ts";

/** SQL of this file, for the test that no statement scans a table. */
export const putRecordsSql = {
  message: `INSERT INTO messages (instance_id, message_id, chat_id, from_me, sender_id, at, type, proto, stored_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (instance_id, message_id, chat_id) DO UPDATE SET
      from_me = excluded.from_me, sender_id = excluded.sender_id, at = excluded.at, type = excluded.type,
      proto = excluded.proto, stored_at = excluded.stored_at`,
  step: `INSERT INTO message_steps (instance_id, message_id, status, participant, chat_id, at, detail, stored_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  pairOfLid: "SELECT phone FROM lid_pairs WHERE instance_id = +? AND lid = +?",
  forgetPair: "DELETE FROM lid_pairs WHERE instance_id = +? AND lid = +?",
  pair: "INSERT INTO lid_pairs (instance_id, lid, phone) VALUES (?, ?, ?)",
  contact: `INSERT INTO contacts (instance_id, contact_id, name, push_name, verified_name, photo_url)
    VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (instance_id, contact_id) DO UPDATE SET
      name = coalesce(excluded.name, name), push_name = coalesce(excluded.push_name, push_name),
      verified_name = coalesce(excluded.verified_name, verified_name),
      photo_url = coalesce(excluded.photo_url, photo_url)`,
  chatExtra: "SELECT extra FROM chats WHERE instance_id = +? AND chat_id = +?",
  chat: `INSERT INTO chats (instance_id, chat_id, name, last_message_at, unread, photo_url, extra)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (instance_id, chat_id) DO UPDATE SET
      name = coalesce(excluded.name, name),
      last_message_at = max(coalesce(excluded.last_message_at, last_message_at), coalesce(last_message_at, excluded.last_message_at)),
      unread = coalesce(excluded.unread, unread), photo_url = coalesce(excluded.photo_url, photo_url),
      extra = coalesce(excluded.extra, extra)`,
} as const;

/** Writers of the read model; each runs inside the caller's write. */
export interface PutRecords {
  readonly messages: (messages: readonly StoredMessage[]) => void;
  readonly steps: (instanceId: string, steps: readonly StatusStep[]) => void;
  readonly pairs: (instanceId: string, pairs: readonly LidPair[]) => void;
  readonly contacts: (instanceId: string, contacts: readonly ContactPatch[]) => void;
  readonly chats: (instanceId: string, chats: readonly ChatPatch[]) => void;
  readonly all: (instanceId: string, records: Records) => void;
}

type Value = string | number | Uint8Array | null;

/** Prepares the statements of the read model. */
export function createPutRecords(context: SqliteContext): PutRecords {
  const { db, clock } = context;
  const message = db.prepare<Value[]>(putRecordsSql.message);
  const step = db.prepare<Value[]>(putRecordsSql.step);
  const pairOfLid = db.prepare<[string, string], { phone: string }>(putRecordsSql.pairOfLid);
  const forgetPair = db.prepare<[string, string]>(putRecordsSql.forgetPair);
  const pair = db.prepare<[string, string, string]>(putRecordsSql.pair);
  const mergePerson = createMergePerson(db);
  const contact = db.prepare<Value[]>(putRecordsSql.contact);
  const chatExtra = db.prepare<[string, string], { extra: string | null }>(putRecordsSql.chatExtra);
  const chat = db.prepare<Value[]>(putRecordsSql.chat);

  const put: Omit<PutRecords, "all"> = {
    messages: (messages) => {
      // The store's own time and not the message's: history brings messages that are older than any retention.
      const storedAt = clock.now();
      for (const row of messages) {
        const fromMe = row.fromMe ? 1 : 0;
        message.run(
          row.instanceId,
          row.messageId,
          row.chatId,
          fromMe,
          row.senderId,
          row.at,
          row.type,
          row.proto,
          storedAt,
        );
      }
    },
    steps: (instanceId, steps) => {
      const storedAt = clock.now();
      for (const row of steps) {
        const participant = row.participant ?? "";
        const detail = row.detail ?? null;
        step.run(instanceId, row.messageId, row.status, participant, row.chatId, row.at, detail, storedAt);
      }
    },
    pairs: (instanceId, pairs) => {
      for (const { lid, phone } of pairs) {
        const known = pairOfLid.get(instanceId, lid);
        if (known?.phone === phone) continue;
        // Deleted and not updated: a fresh row is what makes it the newest.
        if (known !== undefined) forgetPair.run(instanceId, lid);
        pair.run(instanceId, lid, phone);
        mergePerson(instanceId, { lid, phone });
      }
    },
    contacts: (instanceId, contacts) => {
      for (const row of contacts) {
        contact.run(
          instanceId,
          row.contactId,
          row.name ?? null,
          row.pushName ?? null,
          row.verifiedName ?? null,
          row.photoUrl ?? null,
        );
      }
    },
    chats: (instanceId, chats) => {
      for (const row of chats) {
        chat.run(
          instanceId,
          row.chatId,
          row.name ?? null,
          row.lastMessageAt ?? null,
          row.unread ?? null,
          row.photoUrl ?? null,
          row.extra === undefined ? null : mergedExtra(chatExtra.get(instanceId, row.chatId)?.extra, row.extra),
        );
      }
    },
  };

  return {
    ...put,
    all: (instanceId, records) => {
      put.messages(records.messages ?? []);
      put.steps(instanceId, records.statuses ?? []);
      put.pairs(instanceId, records.lidPairs ?? []);
      put.contacts(instanceId, records.contacts ?? []);
      put.chats(instanceId, records.chats ?? []);
    },
  };
}

function mergedExtra(before: string | null | undefined, patch: Readonly<Record<string, unknown>>): string {
  // Written by this function as an object.
  const known = typeof before === "string" ? (JSON.parse(before) as Record<string, unknown>) : {};
  return JSON.stringify({ ...known, ...patch });
}
