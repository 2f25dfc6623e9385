import { WazapiError } from "#domain/errors.ts";
import type { AuthStateStore, JournalEntry, JournalRow, KeyMutation } from "../auth-state.ts";
import { openText, sealText } from "../sealed-text.ts";
import type { Sealer } from "../store.ts";
import type { Database } from "./database.ts";
import type { Queries } from "./queries.ts";
import { journalName, settleJournal } from "./settle-journal.ts";
import { type Statement, statements, type Value } from "./statement.ts";

const journalColumns = `journal_id AS "journalId", kind, content_hash AS "contentHash", stanza_id AS "stanzaId", attrs,
  sealed_payload AS "sealedPayload", at, settled_at AS "settledAt"`;

/** Statements of this file, for the test that none scans a table. */
export const authStateSql = statements("auth_state", {
  fence: `INSERT INTO auth_fences (instance_id, token) VALUES ($1, $2)
    ON CONFLICT (instance_id) DO UPDATE SET token = excluded.token WHERE excluded.token >= auth_fences.token`,
  // Whoever wants to raise the token waits for this lock, and so does every other commit of the instance.
  lock: 'SELECT token = $2 AS "mine" FROM auth_fences WHERE instance_id = $1 FOR UPDATE',
  creds: 'SELECT sealed_creds AS "sealedCreds" FROM auth_creds WHERE instance_id = $1',
  putCreds: `INSERT INTO auth_creds (instance_id, sealed_creds) VALUES ($1, $2)
    ON CONFLICT (instance_id) DO UPDATE SET sealed_creds = excluded.sealed_creds`,
  keys: `SELECT key_id AS "id", sealed_value AS "sealedValue" FROM auth_keys
    WHERE instance_id = $1 AND type = $2 AND key_id = ANY($3::text[])`,
  keyIds: `SELECT key_id AS "id" FROM auth_keys WHERE instance_id = $1 AND type = $2 AND key_id > $3
    ORDER BY key_id LIMIT $4`,
  putKeys: `INSERT INTO auth_keys (instance_id, type, key_id, sealed_value)
    SELECT $1, key.type, key.id, key.value FROM unnest($2::text[], $3::text[], $4::bytea[]) AS key (type, id, value)
    ON CONFLICT (instance_id, type, key_id) DO UPDATE SET sealed_value = excluded.sealed_value`,
  deleteKeys: `DELETE FROM auth_keys WHERE instance_id = $1
    AND (type, key_id) IN (SELECT key.type, key.id FROM unnest($2::text[], $3::text[]) AS key (type, id))`,
  note: `INSERT INTO journal (instance_id, kind, content_hash, stanza_id, attrs, sealed_payload, at)
    SELECT $1, entry.kind, entry.hash, entry.stanza, entry.attrs, entry.payload, entry.at
    FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::bigint[])
      WITH ORDINALITY AS entry (kind, hash, stanza, attrs, payload, at, ordinal)
    ORDER BY entry.ordinal`,
  clearKeys: "DELETE FROM auth_keys WHERE instance_id = $1",
  clearCreds: "DELETE FROM auth_creds WHERE instance_id = $1",
  clearJournal: "DELETE FROM journal WHERE instance_id = $1",
  byHash: `SELECT ${journalColumns} FROM journal WHERE instance_id = $1 AND content_hash = $2
    ORDER BY journal_id DESC LIMIT 1`,
  pending: `SELECT ${journalColumns} FROM journal WHERE settled_at IS NULL AND instance_id = $1 AND journal_id > $2
    ORDER BY journal_id LIMIT $3`,
});

interface JournalColumns extends Omit<JournalEntry, "payload"> {
  readonly journalId: number;
  readonly sealedPayload: Buffer;
  readonly settledAt: number | null;
}

/** Signal state and journal in Postgres. Needs nothing of the other tables: they may be in another database. */
export function createAuthState(context: { readonly db: Database; readonly sealer: Sealer }): AuthStateStore {
  const { db, sealer } = context;

  const rowOf = ({ sealedPayload, settledAt, ...rest }: JournalColumns): JournalRow => ({
    ...rest,
    payload: sealer.open(sealedPayload),
    settled: settledAt !== null,
  });

  return {
    fence: async ({ instanceId, token }) => (await db.run(authStateSql.fence, [instanceId, token])) === 1,
    loadCreds: async ({ instanceId }) => {
      const [row] = await db.rows<{ sealedCreds: Buffer }>(authStateSql.creds, [instanceId]);
      return row === undefined ? undefined : openText(sealer, row.sealedCreds);
    },
    getKeys: async ({ instanceId, type, ids }) => {
      const values = [instanceId, type, ids];
      const rows = await db.rows<{ id: string; sealedValue: Buffer }>(authStateSql.keys, values);
      return new Map(rows.map(({ id, sealedValue }) => [id, sealer.open(sealedValue)]));
    },
    keyIds: async ({ instanceId, type, afterId, limit }) => {
      const rows = await db.rows<{ id: string }>(authStateSql.keyIds, [instanceId, type, afterId, limit]);
      return rows.map(({ id }) => id);
    },
    commit: async ({ instanceId, token, creds, keys = [], journal = [] }) => {
      const changes = changesOf(sealer, { creds, keys, journal });
      await db.inTurn(`session of ${instanceId}`, async (tx) => {
        // All of it travels together. Where the token is not ours, what was written is undone with the transaction.
        await Promise.all([
          assertDeclared(tx, { instanceId, token }),
          ...changes.map(({ statement, values }) => tx.run(statement, [instanceId, ...values])),
        ]);
      });
    },
    clear: async ({ instanceId, token }) => {
      await db.inTurn(`session of ${instanceId}`, async (tx) => {
        await assertDeclared(tx, { instanceId, token });
        await tx.run(authStateSql.clearKeys, [instanceId]);
        await tx.run(authStateSql.clearCreds, [instanceId]);
        await tx.run(authStateSql.clearJournal, [instanceId]);
      });
    },
    findJournaled: async ({ instanceId, contentHash }) => {
      const [row] = await db.rows<JournalColumns>(authStateSql.byHash, [instanceId, contentHash]);
      return row === undefined ? undefined : rowOf(row);
    },
    pendingJournal: async ({ instanceId, afterId, limit }) =>
      (await db.rows<JournalColumns>(authStateSql.pending, [instanceId, afterId ?? 0, limit])).map(rowOf),
    settleJournal: (input) => settleJournal(db, input),
  };
}

async function assertDeclared(
  tx: Queries,
  { instanceId, token }: { readonly instanceId: string; readonly token: number },
): Promise<void> {
  const [fence] = await tx.rows<{ mine: boolean }>(authStateSql.lock, [instanceId, token]);
  if (fence?.mine !== true) throw new WazapiError("lease_lost");
}

/** A statement whose first parameter is the instance. */
interface Change {
  readonly statement: Statement;
  readonly values: readonly Value[];
}

/** What a commit writes, sealed before the transaction so that locks are held for a short time. */
function changesOf(
  sealer: Sealer,
  input: {
    readonly creds: string | undefined;
    readonly keys: readonly KeyMutation[];
    readonly journal: readonly JournalEntry[];
  },
): readonly Change[] {
  const changes: Change[] = [];
  if (input.creds !== undefined) {
    changes.push({ statement: authStateSql.putCreds, values: [sealText(sealer, input.creds)] });
  }
  // A statement can write a key once; of several mutations the last one counts.
  const keys = [...new Map(input.keys.map((key) => [JSON.stringify([key.type, key.id]), key])).values()];
  const put = keys.flatMap(({ type, id, value }) => (value === null ? [] : [{ type, id, sealed: sealer.seal(value) }]));
  if (put.length > 0) {
    changes.push({
      statement: authStateSql.putKeys,
      values: [put.map(({ type }) => type), put.map(({ id }) => id), put.map(({ sealed }) => sealed)],
    });
  }
  const removed = keys.filter(({ value }) => value === null);
  if (removed.length > 0) {
    changes.push({
      statement: authStateSql.deleteKeys,
      values: [removed.map(({ type }) => type), removed.map(({ id }) => id)],
    });
  }
  const { journal } = input;
  if (journal.length > 0) {
    changes.push({
      statement: authStateSql.note,
      values: [
        journal.map(({ kind }) => kind),
        journal.map(({ contentHash }) => contentHash),
        journal.map(({ stanzaId }) => journalName(stanzaId)),
        journal.map(({ attrs }) => attrs),
        journal.map(({ payload }) => sealer.seal(payload)),
        journal.map(({ at }) => at),
      ],
    });
  }
  return changes;
}
