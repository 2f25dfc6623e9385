import { lidJid, personJid } from "#domain/jid.ts";
import type { LidPair } from "../records.ts";
import type { Queries } from "./queries.ts";
import { statements } from "./statement.ts";

/** Statements of this file, for the test that none scans a table. */
export const mergePersonSql = statements("merge_person", {
  known: `SELECT p.jid FROM unnest($2::text[]) AS p (jid)
    WHERE EXISTS (SELECT 1 FROM chats WHERE instance_id = $1 AND chat_id = p.jid)
      OR EXISTS (SELECT 1 FROM contacts WHERE instance_id = $1 AND contact_id = p.jid)
      OR EXISTS (SELECT 1 FROM messages WHERE instance_id = $1 AND chat_id = p.jid)`,
  // The same message under both is one.
  doubles: `DELETE FROM messages AS old USING messages AS new
    WHERE old.instance_id = $1 AND old.chat_id = $3
      AND new.instance_id = $1 AND new.chat_id = $2 AND new.message_id = old.message_id`,
  messages: "UPDATE messages SET chat_id = $3 WHERE instance_id = $1 AND chat_id = $2",
  chat: `WITH moved AS (DELETE FROM chats WHERE instance_id = $1 AND chat_id = $2 RETURNING *)
    INSERT INTO chats (instance_id, chat_id, name, last_message_at, unread, photo_url, extra)
    SELECT instance_id, $3, name, last_message_at, unread, photo_url, extra FROM moved
    ON CONFLICT (instance_id, chat_id) DO UPDATE SET
      name = coalesce(chats.name, excluded.name),
      last_message_at = greatest(excluded.last_message_at, chats.last_message_at),
      unread = coalesce(chats.unread + excluded.unread, chats.unread, excluded.unread),
      photo_url = coalesce(nullif(chats.photo_url, ''), excluded.photo_url),
      extra = CASE WHEN chats.extra IS NULL THEN excluded.extra WHEN excluded.extra IS NULL THEN chats.extra
        ELSE (excluded.extra::jsonb || chats.extra::jsonb)::json END`,
  contact: `WITH moved AS (DELETE FROM contacts WHERE instance_id = $1 AND contact_id = $2 RETURNING *)
    INSERT INTO contacts (instance_id, contact_id, name, push_name, verified_name, photo_url)
    SELECT instance_id, $3, name, push_name, verified_name, photo_url FROM moved
    ON CONFLICT (instance_id, contact_id) DO UPDATE SET
      name = coalesce(contacts.name, excluded.name),
      push_name = coalesce(contacts.push_name, excluded.push_name),
      verified_name = coalesce(contacts.verified_name, excluded.verified_name),
      photo_url = coalesce(nullif(contacts.photo_url, ''), excluded.photo_url)`,
});

/**
 * Joins what was kept of people under their LIDs with what is kept under their numbers, inside the caller's
 * transaction. Where both know something, what is under the number stays.
 */
export async function mergePeople(tx: Queries, instanceId: string, pairs: readonly LidPair[]): Promise<void> {
  if (pairs.length === 0) return;
  const lids = pairs.map(({ lid }) => lidJid(lid));
  const known = await tx.rows<{ jid: string }>(mergePersonSql.known, [instanceId, lids]);
  const found = new Set(known.map(({ jid }) => jid));
  for (const { lid, phone } of pairs) {
    if (!found.has(lidJid(lid))) continue;
    const names = [instanceId, lidJid(lid), personJid(phone)];
    await tx.run(mergePersonSql.doubles, names);
    await tx.run(mergePersonSql.messages, names);
    await tx.run(mergePersonSql.chat, names);
    await tx.run(mergePersonSql.contact, names);
  }
}
