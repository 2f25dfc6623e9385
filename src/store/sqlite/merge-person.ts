import type { Database } from "better-sqlite3";
import { lidJid, personJid } from "#domain/jid.ts";
import type { LidPair } from "../records.ts";

/** SQL of this file, for the test that no statement scans a table. */
export const mergePersonSql = {
  // The same message under both is one.
  messages:
    "UPDATE OR REPLACE messages SET chat_id = @phoneJid WHERE instance_id = +@instanceId AND chat_id = +@lidJid",
  chat: `INSERT INTO chats (instance_id, chat_id, name, last_message_at, unread, photo_url, extra)
    SELECT instance_id, @phoneJid, name, last_message_at, unread, photo_url, extra FROM chats
    WHERE instance_id = +@instanceId AND chat_id = +@lidJid
    ON CONFLICT (instance_id, chat_id) DO UPDATE SET
      name = coalesce(name, excluded.name),
      last_message_at = max(coalesce(excluded.last_message_at, last_message_at), coalesce(last_message_at, excluded.last_message_at)),
      unread = coalesce(unread + excluded.unread, unread, excluded.unread),
      photo_url = coalesce(nullif(photo_url, ''), excluded.photo_url),
      extra = CASE WHEN extra IS NULL THEN excluded.extra WHEN excluded.extra IS NULL THEN extra
        ELSE json_patch(excluded.extra, extra) END`,
  forgetChat: "DELETE FROM chats WHERE instance_id = +@instanceId AND chat_id = +@lidJid",
  contact: `INSERT INTO contacts (instance_id, contact_id, name, push_name, verified_name, photo_url)
    SELECT instance_id, @phoneJid, name, push_name, verified_name, photo_url FROM contacts
    WHERE instance_id = +@instanceId AND contact_id = +@lidJid
    ON CONFLICT (instance_id, contact_id) DO UPDATE SET
      name = coalesce(name, excluded.name), push_name = coalesce(push_name, excluded.push_name),
      verified_name = coalesce(verified_name, excluded.verified_name),
      photo_url = coalesce(nullif(photo_url, ''), excluded.photo_url)`,
  forgetContact: "DELETE FROM contacts WHERE instance_id = +@instanceId AND contact_id = +@lidJid",
} as const;

/** Joins what was kept of somebody under the LID with what is kept under the number; runs inside the caller's write. */
export type MergePerson = (instanceId: string, pair: LidPair) => void;

/** Prepares the statements. Where both know something, what is under the number stays. */
export function createMergePerson(db: Database): MergePerson {
  const prepared = Object.values(mergePersonSql).map((sql) => db.prepare<Readonly<Record<string, string>>>(sql));
  return (instanceId, { lid, phone }) => {
    const names = { instanceId, lidJid: lidJid(lid), phoneJid: personJid(phone) };
    for (const statement of prepared) statement.run(names);
  };
}
