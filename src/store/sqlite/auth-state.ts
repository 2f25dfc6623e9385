import { WazapiError } from "#domain/errors.ts";
import type { AuthStateStore, JournalEntry, JournalRow } from "../auth-state.ts";
import { openText, sealText } from "../sealed-text.ts";
import type { SqliteContext } from "./context.ts";
import { createSettleJournal } from "./settle-journal.ts";

const journalColumns = `journal_id AS "journalId", kind, content_hash AS "contentHash", stanza_id AS "stanzaId", attrs,
  sealed_payload AS "sealedPayload", at, settled_at AS "settledAt"`;

/** SQL of this file, for the test that no statement scans a table. */
export const authStateSql = {
  fence: `INSERT INTO auth_fences (instance_id, token) VALUES (?, ?)
    ON CONFLICT (instance_id) DO UPDATE SET token = excluded.token WHERE excluded.token >= token`,
  declared: "SELECT token FROM auth_fences WHERE instance_id = +?",
  creds: 'SELECT sealed_creds AS "sealedCreds" FROM auth_creds WHERE instance_id = +?',
  putCreds: `INSERT INTO auth_creds (instance_id, sealed_creds) VALUES (?, ?)
    ON CONFLICT (instance_id) DO UPDATE SET sealed_creds = excluded.sealed_creds`,
  key: 'SELECT sealed_value AS "sealedValue" FROM auth_keys WHERE instance_id = +? AND type = +? AND key_id = +?',
  keyIds: `SELECT key_id AS "id" FROM auth_keys WHERE instance_id = +? AND type = +? AND key_id > +?
    ORDER BY key_id LIMIT +?`,
  putKey: `INSERT INTO auth_keys (instance_id, type, key_id, sealed_value) VALUES (?, ?, ?, ?)
    ON CONFLICT (instance_id, type, key_id) DO UPDATE SET sealed_value = excluded.sealed_value`,
  deleteKey: "DELETE FROM auth_keys WHERE instance_id = +? AND type = +? AND key_id = +?",
  note: `INSERT INTO journal (instance_id, kind, content_hash, stanza_id, attrs, sealed_payload, at)
    VALUES (?, ?, ?, ?, ?, ?, ?)`,
  byHash: `SELECT ${journalColumns} FROM journal WHERE instance_id = +? AND content_hash = +?
    ORDER BY journal_id DESC LIMIT 1`,
  pending: `SELECT ${journalColumns} FROM journal WHERE settled_at IS NULL AND instance_id = +? AND journal_id > +?
    ORDER BY journal_id LIMIT +?`,
} as const;

const clearedTables = ["auth_keys", "auth_creds", "journal"] as const;

interface JournalColumns extends Omit<JournalEntry, "payload"> {
  readonly journalId: number;
  readonly sealedPayload: Buffer;
  readonly settledAt: number | null;
}

/** Signal state and journal in SQLite. */
export function createAuthState(context: SqliteContext): AuthStateStore {
  const { db, sealer } = context;
  const fence = db.prepare<[string, number]>(authStateSql.fence);
  const declared = db.prepare<[string], { token: number }>(authStateSql.declared);
  const creds = db.prepare<[string], { sealedCreds: Buffer }>(authStateSql.creds);
  const putCreds = db.prepare<[string, Buffer]>(authStateSql.putCreds);
  const key = db.prepare<[string, string, string], { sealedValue: Buffer }>(authStateSql.key);
  const keyIds = db.prepare<[string, string, string, number], { id: string }>(authStateSql.keyIds);
  const putKey = db.prepare<[string, string, string, Uint8Array]>(authStateSql.putKey);
  const deleteKey = db.prepare<[string, string, string]>(authStateSql.deleteKey);
  const note = db.prepare<(string | number | Uint8Array)[]>(authStateSql.note);
  const byHash = db.prepare<[string, string], JournalColumns>(authStateSql.byHash);
  const pending = db.prepare<[string, number, number], JournalColumns>(authStateSql.pending);
  const clear = clearedTables.map((table) => db.prepare<[string]>(`DELETE FROM ${table} WHERE instance_id = +?`));
  const settle = createSettleJournal(db);

  const assertDeclared = (input: { readonly instanceId: string; readonly token: number }): void => {
    if (declared.get(input.instanceId)?.token !== input.token) throw new WazapiError("lease_lost");
  };

  const rowOf = ({ sealedPayload, settledAt, ...rest }: JournalColumns): JournalRow => ({
    ...rest,
    payload: sealer.open(sealedPayload),
    settled: settledAt !== null,
  });

  return {
    fence: ({ instanceId, token }) => context.write(() => fence.run(instanceId, token).changes === 1),
    loadCreds: ({ instanceId }) =>
      context.read(() => {
        const row = creds.get(instanceId);
        return row === undefined ? undefined : openText(sealer, row.sealedCreds);
      }),
    getKeys: ({ instanceId, type, ids }) =>
      context.read(() => {
        const found = new Map<string, Uint8Array>();
        for (const id of ids) {
          const row = key.get(instanceId, type, id);
          if (row !== undefined) found.set(id, sealer.open(row.sealedValue));
        }
        return found;
      }),
    keyIds: ({ instanceId, type, afterId, limit }) =>
      context.read(() => keyIds.all(instanceId, type, afterId, limit).map(({ id }) => id)),
    commit: (input) => {
      const { instanceId } = input;
      // Sealed before the transaction, which others share.
      const sealedCreds = input.creds === undefined ? undefined : sealText(sealer, input.creds);
      const keys = (input.keys ?? []).map(({ type, id, value }) => ({
        type,
        id,
        sealed: value === null ? undefined : sealer.seal(value),
      }));
      const entries = (input.journal ?? []).map((entry) => ({ entry, sealed: sealer.seal(entry.payload) }));
      return context.write(() => {
        assertDeclared(input);
        if (sealedCreds !== undefined) putCreds.run(instanceId, sealedCreds);
        for (const { type, id, sealed } of keys) {
          if (sealed === undefined) deleteKey.run(instanceId, type, id);
          else putKey.run(instanceId, type, id, sealed);
        }
        for (const { entry, sealed } of entries) {
          note.run(instanceId, entry.kind, entry.contentHash, entry.stanzaId, entry.attrs, sealed, entry.at);
        }
      });
    },
    clear: (input) =>
      context.write(() => {
        assertDeclared(input);
        for (const statement of clear) statement.run(input.instanceId);
      }),
    findJournaled: ({ instanceId, contentHash }) =>
      context.read(() => {
        const row = byHash.get(instanceId, contentHash);
        return row === undefined ? undefined : rowOf(row);
      }),
    pendingJournal: ({ instanceId, afterId, limit }) =>
      context.read(() => pending.all(instanceId, afterId ?? 0, limit).map(rowOf)),
    settleJournal: ({ instanceId, stanzaIds, now }) => context.write(() => settle(instanceId, stanzaIds, now)),
  };
}
