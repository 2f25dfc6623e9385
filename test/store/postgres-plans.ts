import { Client } from "pg";
import { openStoreAt, type TestPostgres } from "../support/postgres.ts";

/** Says how the server would run statements on tables that hold something. */
export interface PostgresPlans extends AsyncDisposable {
  /** Tables and indexes that the statement would look through as a whole; undefined for what has no plan (BEGIN…). */
  readonly scansOf: (text: string) => Promise<readonly string[] | undefined>;
}

interface PlanNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly "Index Cond"?: string;
  readonly Plans?: readonly PlanNode[];
}

/** Rows enough that the planner tells one index from another. */
const rows = 10_000;

/** One long line of events for one instance: nearly all done, a few waiting. */
const past = `
  INSERT INTO events (event_id, instance_id, sequence, kind, type, chat_id, message_id, occurred_at, captured, slot_mask,
      created_at)
    SELECT 'e' || n, 'i' || n % 200, n, 'message', 'T', 'c' || n % 50, 'M' || n, n, '{}', 2, n
    FROM generate_series(1, ${rows}) AS n;
  INSERT INTO deliveries (position, sequence, instance_id, hook_id, url, slot_mask, state, attempts, due_at, created_at,
      updated_at)
    SELECT position, sequence, instance_id, 'h' || sequence % 3, 'u', 2,
      CASE WHEN sequence % 40 = 0 THEN 'pending' WHEN sequence % 7 = 0 THEN 'dead' WHEN sequence % 11 = 0 THEN 'discarded'
        ELSE 'delivered' END, 1, sequence, sequence, sequence
    FROM events;
  INSERT INTO attempts (delivery_id, ordinal, at, duration_ms, counted)
    SELECT delivery_id, 1, 1, 1, true FROM deliveries;
  INSERT INTO queue (instance_id, zaap_id, message_id, chat_id, outgoing, state, attempts, due_at, held, typing_ms,
      created_at, updated_at)
    SELECT 'i' || n % 200, 'z' || n, 'M' || n, 'c' || n % 50, '{"to":"c"}',
      CASE WHEN n % 40 = 0 THEN 'queued' WHEN n % 41 = 0 THEN 'failed' ELSE 'sent' END, 0, n, CASE WHEN n % 40 = 0 THEN n / 40 % 4 END, 0, n, n
    FROM generate_series(1, ${rows}) AS n;
  INSERT INTO idempotency_keys (instance_id, key, request_hash, zaap_id, expires_at)
    SELECT 'i' || n % 200, 'k' || n, 'h', 'z' || n, n FROM generate_series(1, ${rows}) AS n;
  INSERT INTO journal (instance_id, kind, content_hash, stanza_id, attrs, sealed_payload, at, settled_at)
    SELECT 'i' || n % 200, 'plaintext', 'h' || n, 's' || n, '{}', '', n, CASE WHEN n % 40 = 0 THEN NULL ELSE n END
    FROM generate_series(1, ${rows}) AS n;
  INSERT INTO auth_keys (instance_id, type, key_id, sealed_value)
    SELECT 'i' || n % 200, 'session', 'k' || n, '' FROM generate_series(1, ${rows}) AS n;
  INSERT INTO messages (instance_id, message_id, chat_id, from_me, sender_id, at, type, proto, stored_at)
    SELECT 'i' || n % 200, 'M' || n, 'c' || n % 50, false, 's', n, 'text', '', n FROM generate_series(1, ${rows}) AS n;
  INSERT INTO message_steps (instance_id, message_id, status, participant, chat_id, at, stored_at)
    SELECT 'i' || n % 200, 'M' || n, 'read', '', 'c', n, n FROM generate_series(1, ${rows}) AS n;
  INSERT INTO lanes (instance_id, hook_id, url, due_at, owner)
    SELECT 'i' || n, 'h' || n % 3, 'u', CASE WHEN n % 40 = 0 THEN n END, CASE WHEN n % 80 = 0 THEN 'o' END
    FROM generate_series(1, ${rows}) AS n;
  INSERT INTO queue_lines (instance_id, due_at, owner)
    SELECT 'i' || n, CASE WHEN n % 40 = 0 THEN n END, CASE WHEN n % 80 = 0 THEN 'o' END
    FROM generate_series(1, ${rows}) AS n;
  INSERT INTO media_files (sha256, bytes, mime_type, volume, upload_due_at, owner, seen_at)
    SELECT 'f' || n, 1, 't', 'v' || n % 3, CASE WHEN n % 40 = 0 THEN n END, CASE WHEN n % 80 = 0 THEN 'o' END, n
    FROM generate_series(1, ${rows}) AS n;
  INSERT INTO media (media_id, instance_id, direction, part, kind, mime_type, state, sha256, owner, due_at, expires_at,
      created_at, updated_at)
    SELECT 'm' || n, 'i' || n % 200, 'in', 'main', 'image', 't',
      CASE WHEN n % 40 = 0 THEN 'pending' WHEN n % 41 = 0 THEN 'failed' ELSE 'stored' END,
      CASE WHEN n % 40 > 0 THEN 'f' || n END, CASE WHEN n % 80 = 0 THEN 'o' END, n, n, n, n
    FROM generate_series(1, ${rows}) AS n;
  INSERT INTO media_uses (media_id, instance_id, zaap_id)
    SELECT 'm' || n, 'i' || n % 200, 'z' || n FROM generate_series(1, ${rows}) AS n;
  INSERT INTO instance_counters (instance_id, event_sequence) SELECT 'i' || n, n FROM generate_series(1, ${rows}) AS n;
  INSERT INTO chats (instance_id, chat_id) SELECT 'i' || n % 200, 'c' || n FROM generate_series(1, ${rows}) AS n;
  INSERT INTO contacts (instance_id, contact_id) SELECT 'i' || n % 200, 'c' || n FROM generate_series(1, ${rows}) AS n;
  INSERT INTO lid_pairs (instance_id, lid, phone)
    SELECT 'i' || n % 200, 'l' || n, 'p' || n FROM generate_series(1, ${rows}) AS n;
  INSERT INTO connection_history (instance_id, connection, at)
    SELECT 'i' || n % 200, '{}', n FROM generate_series(1, ${rows}) AS n;
  INSERT INTO settings_audit (instance_id, change, at)
    SELECT 'i' || n % 200, '{}', n FROM generate_series(1, ${rows}) AS n;
  ANALYZE`;

/** Fills a schema of its own and asks the server there. */
export async function openPostgresPlans(postgres: TestPostgres): Promise<PostgresPlans> {
  await using parts = new AsyncDisposableStack();
  const place = parts.use(postgres.newSchema());
  await (await openStoreAt(place))[Symbol.asyncDispose]();
  const client = new Client({ connectionString: place.dsn });
  await client.connect();
  parts.defer(() => client.end());
  // Plans as they are made for any parameter; a scan appears only where no index serves.
  await client.query(`SET search_path = "${place.schema}"; SET plan_cache_mode = force_generic_plan;
    SET enable_seqscan = off; ${past.replace("ANALYZE", "")}`);
  await client.query(
    `DO $$ DECLARE name text; BEGIN
       FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = '${place.schema}' LOOP
         EXECUTE format('ANALYZE %I.%I', '${place.schema}', name);
       END LOOP;
     END $$`,
  );
  const owned = parts.move();
  return {
    scansOf: async (text) => {
      if (!/^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b/i.test(text)) return undefined;
      const highest = Math.max(0, ...Array.from(text.matchAll(/\$(\d+)/g), ([, number]) => Number(number)));
      const nulls = Array.from({ length: highest }, () => "NULL").join();
      await client.query(`PREPARE asked AS ${text}`);
      const { rows: answer } = await client.query<{ "QUERY PLAN": readonly [{ Plan: PlanNode }] }>(
        `EXPLAIN (FORMAT JSON) EXECUTE asked${highest === 0 ? "" : ` (${nulls})`}`,
      );
      await client.query("DEALLOCATE asked");
      return nodesOf(answer[0]!["QUERY PLAN"][0].Plan).flatMap(scanOf);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function nodesOf(node: PlanNode): readonly PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}

function scanOf(node: PlanNode): readonly string[] {
  const type = node["Node Type"];
  if (type === "Seq Scan") return [`all of ${node["Relation Name"]}`];
  if (/^(Bitmap )?Index (Only )?Scan$/.test(type) && node["Index Cond"] === undefined) {
    return [`all of ${node["Index Name"]}`];
  }
  return [];
}
