import type { ChatPatch, ContactPatch, LidPair, Records, StatusStep, StoredMessage } from "../records.ts";
import { mergePeople } from "./merge-person.ts";
import type { Queries } from "./queries.ts";
import { statements } from "./statement.ts";

/** Statements of this file, for the test that none scans a table. */
export const putRecordsSql = statements("put_records", {
  messages: `INSERT INTO messages (instance_id, message_id, chat_id, from_me, sender_id, at, type, proto, stored_at)
    SELECT m.instance_id, m.message_id, m.chat_id, m.from_me, m.sender_id, m.at, m.type, m.proto, $9
    FROM unnest($1::text[], $2::text[], $3::text[], $4::boolean[], $5::text[], $6::bigint[], $7::text[], $8::bytea[])
      WITH ORDINALITY AS m (instance_id, message_id, chat_id, from_me, sender_id, at, type, proto, ordinal)
    ORDER BY m.ordinal
    ON CONFLICT (instance_id, message_id, chat_id) DO UPDATE SET
      from_me = excluded.from_me, sender_id = excluded.sender_id, at = excluded.at, type = excluded.type,
      proto = excluded.proto, stored_at = excluded.stored_at`,
  steps: `INSERT INTO message_steps (instance_id, message_id, status, participant, chat_id, at, detail, stored_at)
    SELECT $1, s.message_id, s.status, s.participant, s.chat_id, s.at, s.detail, $8
    FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[])
      WITH ORDINALITY AS s (message_id, status, participant, chat_id, at, detail, ordinal)
    ORDER BY s.ordinal
    ON CONFLICT DO NOTHING`,
  // A pair that changed becomes the newest.
  pairs: `INSERT INTO lid_pairs (instance_id, lid, phone)
    SELECT $1, p.lid, p.phone FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS p (lid, phone, ordinal)
    ORDER BY p.ordinal
    ON CONFLICT (instance_id, lid) DO UPDATE SET phone = excluded.phone, ordinal = excluded.ordinal
    WHERE lid_pairs.phone <> excluded.phone
    RETURNING lid, phone`,
  contacts: `INSERT INTO contacts (instance_id, contact_id, name, push_name, verified_name, photo_url)
    SELECT $1, c.contact_id, c.name, c.push_name, c.verified_name, c.photo_url
    FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
      AS c (contact_id, name, push_name, verified_name, photo_url)
    ON CONFLICT (instance_id, contact_id) DO UPDATE SET
      name = coalesce(excluded.name, contacts.name),
      push_name = coalesce(excluded.push_name, contacts.push_name),
      verified_name = coalesce(excluded.verified_name, contacts.verified_name),
      photo_url = coalesce(excluded.photo_url, contacts.photo_url)`,
  extras: `SELECT chat_id AS "chatId", extra FROM chats
    WHERE instance_id = $1 AND chat_id = ANY($2::text[]) AND extra IS NOT NULL`,
  // GREATEST passes over null.
  chats: `INSERT INTO chats (instance_id, chat_id, name, last_message_at, unread, photo_url, extra)
    SELECT $1, c.chat_id, c.name, c.last_message_at, c.unread, c.photo_url, c.extra::json
    FROM unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::text[])
      AS c (chat_id, name, last_message_at, unread, photo_url, extra)
    ON CONFLICT (instance_id, chat_id) DO UPDATE SET
      name = coalesce(excluded.name, chats.name),
      last_message_at = greatest(excluded.last_message_at, chats.last_message_at),
      unread = coalesce(excluded.unread, chats.unread),
      photo_url = coalesce(excluded.photo_url, chats.photo_url),
      extra = coalesce(excluded.extra, chats.extra)`,
});

/*
 * Each of these runs inside the caller's transaction, which holds the lock of the instance: nobody else changes its read
 * model meanwhile. A statement can write a row once, so what names the same row twice is joined before.
 */

/** Adds or replaces messages, which may belong to several instances. */
export async function putMessages(tx: Queries, messages: readonly StoredMessage[], storedAt: number): Promise<void> {
  const rows = joined(messages, ({ instanceId, messageId, chatId }) => [instanceId, messageId, chatId]);
  if (rows.length === 0) return;
  // The store's own time and not the message's: history brings messages that are older than any retention.
  await tx.run(putRecordsSql.messages, [
    rows.map(({ instanceId }) => instanceId),
    rows.map(({ messageId }) => messageId),
    rows.map(({ chatId }) => chatId),
    rows.map(({ fromMe }) => fromMe),
    rows.map(({ senderId }) => senderId),
    rows.map(({ at }) => at),
    rows.map(({ type }) => type),
    rows.map(({ proto }) => proto),
    storedAt,
  ]);
}

/** Adds steps; one that is known already changes nothing. */
export async function putSteps(
  tx: Queries,
  input: { readonly instanceId: string; readonly steps: readonly StatusStep[]; readonly storedAt: number },
): Promise<void> {
  const { instanceId, steps, storedAt } = input;
  if (steps.length === 0) return;
  await tx.run(putRecordsSql.steps, [
    instanceId,
    steps.map(({ messageId }) => messageId),
    steps.map(({ status }) => status),
    steps.map(({ participant }) => participant ?? ""),
    steps.map(({ chatId }) => chatId),
    steps.map(({ at }) => at),
    steps.map(({ detail }) => detail ?? null),
    storedAt,
  ]);
}

/** Stores numbers and their LIDs; what was kept under a LID moves to its number. */
export async function putPairs(tx: Queries, instanceId: string, pairs: readonly LidPair[]): Promise<void> {
  const rows = joined(pairs, ({ lid }) => [lid]);
  if (rows.length === 0) return;
  const values = [instanceId, rows.map(({ lid }) => lid), rows.map(({ phone }) => phone)];
  await mergePeople(tx, instanceId, await tx.rows<LidPair>(putRecordsSql.pairs, values));
}

/** Adds what is known of people. */
export async function putContacts(tx: Queries, instanceId: string, contacts: readonly ContactPatch[]): Promise<void> {
  const rows = joined(
    contacts,
    ({ contactId }) => [contactId],
    (before, patch) => ({ ...before, ...definedOnly(patch) }),
  );
  if (rows.length === 0) return;
  await tx.run(putRecordsSql.contacts, [
    instanceId,
    rows.map(({ contactId }) => contactId),
    rows.map(({ name }) => name ?? null),
    rows.map(({ pushName }) => pushName ?? null),
    rows.map(({ verifiedName }) => verifiedName ?? null),
    rows.map(({ photoUrl }) => photoUrl ?? null),
  ]);
}

/** Adds what is known of chats; `extra` is merged key by key. */
export async function putChats(tx: Queries, instanceId: string, chats: readonly ChatPatch[]): Promise<void> {
  const rows = joined(chats, ({ chatId }) => [chatId], mergedChat);
  if (rows.length === 0) return;
  const extras = await storedExtras(tx, instanceId, rows);
  await tx.run(putRecordsSql.chats, [
    instanceId,
    rows.map(({ chatId }) => chatId),
    rows.map(({ name }) => name ?? null),
    rows.map(({ lastMessageAt }) => lastMessageAt ?? null),
    rows.map(({ unread }) => unread ?? null),
    rows.map(({ photoUrl }) => photoUrl ?? null),
    rows.map(({ chatId, extra }) => (extra === undefined ? null : JSON.stringify({ ...extras.get(chatId), ...extra }))),
  ]);
}

/** All of them; they travel together. */
export async function putRecords(
  tx: Queries,
  input: { readonly instanceId: string; readonly records: Records; readonly storedAt: number },
): Promise<void> {
  const { instanceId, records, storedAt } = input;
  await Promise.all([
    putMessages(tx, records.messages ?? [], storedAt),
    putSteps(tx, { instanceId, steps: records.statuses ?? [], storedAt }),
    putPairs(tx, instanceId, records.lidPairs ?? []),
    putContacts(tx, instanceId, records.contacts ?? []),
    putChats(tx, instanceId, records.chats ?? []),
  ]);
}

type Extra = NonNullable<ChatPatch["extra"]>;

async function storedExtras(
  tx: Queries,
  instanceId: string,
  chats: readonly ChatPatch[],
): Promise<ReadonlyMap<string, Extra>> {
  const ids = chats.flatMap(({ chatId, extra }) => (extra === undefined ? [] : [chatId]));
  if (ids.length === 0) return new Map();
  const rows = await tx.rows<{ chatId: string; extra: Extra }>(putRecordsSql.extras, [instanceId, ids]);
  return new Map(rows.map(({ chatId, extra }) => [chatId, extra]));
}

function mergedChat(before: ChatPatch, patch: ChatPatch): ChatPatch {
  const merged = { ...before, ...definedOnly(patch) };
  return {
    ...merged,
    ...(before.lastMessageAt === undefined || patch.lastMessageAt === undefined
      ? {}
      : { lastMessageAt: Math.max(before.lastMessageAt, patch.lastMessageAt) }),
    ...(before.extra === undefined || patch.extra === undefined ? {} : { extra: { ...before.extra, ...patch.extra } }),
  };
}

/** One row per key, in the order in which the keys came last. */
function joined<Row>(
  rows: readonly Row[],
  keyOf: (row: Row) => readonly string[],
  join: (before: Row, row: Row) => Row = (_, row) => row,
): readonly Row[] {
  const byKey = new Map<string, Row>();
  for (const row of rows) {
    const key = JSON.stringify(keyOf(row));
    const before = byKey.get(key);
    byKey.delete(key);
    byKey.set(key, before === undefined ? row : join(before, row));
  }
  return [...byKey.values()];
}

function definedOnly<Patch extends object>(patch: Patch): Patch {
  // Only fields that say nothing are left out, so it is still a Patch.
  return Object.fromEntries(Object.entries(patch).filter(([, field]) => field !== undefined)) as Patch;
}
