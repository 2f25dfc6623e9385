-- Times are epoch milliseconds. Columns named sealed_* hold values sealed with the secret key.
-- Numbers that must never come back (positions, fencing tokens) are AUTOINCREMENT or live in rows that stay.

CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Instances -----------------------------------------------------------------------------------------------------------

CREATE TABLE instances (
  ordinal INTEGER PRIMARY KEY AUTOINCREMENT,
  instance_id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL UNIQUE,
  -- Lower case in the sense of JavaScript, so that a search finds every alphabet.
  name_folded TEXT NOT NULL,
  sealed_token BLOB NOT NULL,
  settings TEXT NOT NULL,
  hooks TEXT NOT NULL,
  subscription TEXT NOT NULL,
  sealed_webhook_secrets BLOB NOT NULL,
  connection TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

-- Last event number of each instance; apart from its wide row because every persist writes it.
CREATE TABLE instance_counters (
  instance_id TEXT PRIMARY KEY,
  event_sequence INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE connection_history (
  history_id INTEGER PRIMARY KEY AUTOINCREMENT,
  instance_id TEXT NOT NULL,
  connection TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX connection_history_by_instance ON connection_history (instance_id);
CREATE INDEX connection_history_by_age ON connection_history (at);

CREATE TABLE settings_audit (
  audit_id INTEGER PRIMARY KEY AUTOINCREMENT,
  instance_id TEXT NOT NULL,
  at INTEGER NOT NULL,
  -- Changed keys with the value before and after; secrets appear by name only.
  change TEXT NOT NULL
) STRICT;
CREATE INDEX settings_audit_by_instance ON settings_audit (instance_id);

-- Instances whose row is gone and whose other rows are being removed in short steps.
CREATE TABLE instance_removals (
  instance_id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- Signal state and journal ---------------------------------------------------------------------------------------------

CREATE TABLE auth_fences (
  instance_id TEXT PRIMARY KEY,
  token INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE auth_creds (
  instance_id TEXT PRIMARY KEY,
  sealed_creds BLOB NOT NULL
) STRICT;

CREATE TABLE auth_keys (
  instance_id TEXT NOT NULL,
  type TEXT NOT NULL,
  key_id TEXT NOT NULL,
  sealed_value BLOB NOT NULL,
  PRIMARY KEY (instance_id, type, key_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE journal (
  journal_id INTEGER PRIMARY KEY AUTOINCREMENT,
  instance_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  stanza_id TEXT NOT NULL,
  attrs TEXT NOT NULL,
  sealed_payload BLOB NOT NULL,
  at INTEGER NOT NULL,
  -- Null until an event, or the decision that none is due, has been stored.
  settled_at INTEGER
) STRICT;
CREATE INDEX journal_by_hash ON journal (instance_id, content_hash);
CREATE INDEX journal_pending ON journal (instance_id) WHERE settled_at IS NULL;
CREATE INDEX journal_pending_by_stanza ON journal (instance_id, stanza_id) WHERE settled_at IS NULL;
CREATE INDEX journal_settled ON journal (settled_at) WHERE settled_at IS NOT NULL;

-- Outbox -----------------------------------------------------------------------------------------------------------------

CREATE TABLE events (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  event_id TEXT NOT NULL UNIQUE,
  instance_id TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  kind TEXT NOT NULL,
  type TEXT NOT NULL,
  chat_id TEXT,
  message_id TEXT,
  occurred_at INTEGER NOT NULL,
  captured TEXT NOT NULL,
  -- One bit per slot that wanted it, in the order of the slot list.
  slot_mask INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
-- Both end in the position, which is the rowid.
CREATE INDEX events_by_instance ON events (instance_id);
CREATE INDEX events_by_chat ON events (instance_id, chat_id);

CREATE TABLE deliveries (
  delivery_id INTEGER PRIMARY KEY AUTOINCREMENT,
  position INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  instance_id TEXT NOT NULL,
  hook_id TEXT NOT NULL,
  url TEXT NOT NULL,
  -- Bits of the slots it serves; 0 for a replay to a URL of its own.
  slot_mask INTEGER NOT NULL,
  state TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  last_error TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
-- Before the partial ones: of two indexes that look equally good SQLite takes the one that was made last.
CREATE INDEX deliveries_by_instance ON deliveries (instance_id);
-- What waits is found without a look at what is done: the hot statements use partial indexes only.
CREATE INDEX deliveries_pending ON deliveries (instance_id, hook_id, sequence, delivery_id) WHERE state = 'pending';
CREATE INDEX deliveries_due ON deliveries (instance_id, hook_id, due_at) WHERE state = 'pending';
CREATE INDEX deliveries_dead ON deliveries (instance_id) WHERE state = 'dead';
CREATE INDEX deliveries_dead_by_age ON deliveries (updated_at) WHERE state = 'dead';
CREATE INDEX deliveries_discarded ON deliveries (instance_id) WHERE state = 'discarded';
CREATE INDEX deliveries_by_event ON deliveries (position);

CREATE TABLE attempts (
  delivery_id INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  at INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL,
  status INTEGER,
  error TEXT,
  answer TEXT,
  counted INTEGER NOT NULL,
  PRIMARY KEY (delivery_id, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE lanes (
  instance_id TEXT NOT NULL,
  hook_id TEXT NOT NULL,
  url TEXT NOT NULL,
  -- Due time of the earliest pending delivery; null when none waits.
  due_at INTEGER,
  owner TEXT,
  fencing_token INTEGER NOT NULL DEFAULT 0,
  lease_until INTEGER NOT NULL DEFAULT 0,
  breaker_state TEXT NOT NULL DEFAULT 'closed',
  breaker_failures INTEGER NOT NULL DEFAULT 0,
  breaker_probe_at INTEGER NOT NULL DEFAULT 0,
  breaker_opened_at INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (instance_id, hook_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX lanes_due ON lanes (due_at, lease_until) WHERE due_at IS NOT NULL;
CREATE INDEX lanes_owned ON lanes (owner) WHERE owner IS NOT NULL;

-- Queue ------------------------------------------------------------------------------------------------------------------

CREATE TABLE queue (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  instance_id TEXT NOT NULL,
  zaap_id TEXT NOT NULL,
  message_id TEXT NOT NULL,
  outgoing TEXT NOT NULL,
  state TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  scheduled_at INTEGER,
  -- 0 in the line, 1 outside until its scheduled time, null once it is final. The conditions of the hot indexes are on
  -- this column: for a list of states SQLite builds a table at each execution.
  held INTEGER,
  delay_ms INTEGER,
  typing_ms INTEGER NOT NULL,
  last_error TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (instance_id, zaap_id)
) STRICT;
CREATE INDEX queue_line ON queue (instance_id, sequence) WHERE held = 0;
CREATE INDEX queue_held ON queue (instance_id, scheduled_at) WHERE held = 1;
CREATE INDEX queue_by_state ON queue (instance_id, state);
CREATE INDEX queue_by_message ON queue (instance_id, message_id);
CREATE INDEX queue_finished ON queue (state, updated_at) WHERE held IS NULL;

-- One row per instance that ever queued: who sends now, and when there is work.
CREATE TABLE queue_lines (
  instance_id TEXT PRIMARY KEY,
  due_at INTEGER,
  owner TEXT,
  fencing_token INTEGER NOT NULL DEFAULT 0,
  lease_until INTEGER NOT NULL DEFAULT 0,
  claimed_sequence INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX queue_lines_due ON queue_lines (due_at, lease_until) WHERE due_at IS NOT NULL;
CREATE INDEX queue_lines_owned ON queue_lines (owner) WHERE owner IS NOT NULL;

CREATE TABLE idempotency_keys (
  instance_id TEXT NOT NULL,
  key TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  zaap_id TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (instance_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_by_message ON idempotency_keys (instance_id, zaap_id);
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);

-- Read model -------------------------------------------------------------------------------------------------------------

CREATE TABLE messages (
  row_id INTEGER PRIMARY KEY,
  instance_id TEXT NOT NULL,
  message_id TEXT NOT NULL,
  chat_id TEXT NOT NULL,
  from_me INTEGER NOT NULL,
  sender_id TEXT NOT NULL,
  at INTEGER NOT NULL,
  type TEXT NOT NULL,
  proto BLOB NOT NULL,
  stored_at INTEGER NOT NULL,
  UNIQUE (instance_id, message_id, chat_id)
) STRICT;
CREATE INDEX messages_by_chat ON messages (instance_id, chat_id, at);
CREATE INDEX messages_by_age ON messages (stored_at);

CREATE TABLE message_steps (
  instance_id TEXT NOT NULL,
  message_id TEXT NOT NULL,
  status TEXT NOT NULL,
  -- Empty for the server and for ourselves.
  participant TEXT NOT NULL,
  chat_id TEXT NOT NULL,
  at INTEGER NOT NULL,
  detail TEXT,
  stored_at INTEGER NOT NULL,
  PRIMARY KEY (instance_id, message_id, status, participant)
) STRICT, WITHOUT ROWID;
CREATE INDEX message_steps_by_age ON message_steps (stored_at);

CREATE TABLE lid_pairs (
  ordinal INTEGER PRIMARY KEY AUTOINCREMENT,
  instance_id TEXT NOT NULL,
  lid TEXT NOT NULL,
  phone TEXT NOT NULL,
  UNIQUE (instance_id, lid)
) STRICT;
CREATE INDEX lid_pairs_by_phone ON lid_pairs (instance_id, phone);
CREATE INDEX lid_pairs_by_instance ON lid_pairs (instance_id);

CREATE TABLE contacts (
  instance_id TEXT NOT NULL,
  contact_id TEXT NOT NULL,
  name TEXT,
  push_name TEXT,
  verified_name TEXT,
  photo_url TEXT,
  PRIMARY KEY (instance_id, contact_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE chats (
  instance_id TEXT NOT NULL,
  chat_id TEXT NOT NULL,
  name TEXT,
  last_message_at INTEGER,
  unread INTEGER,
  photo_url TEXT,
  extra TEXT,
  PRIMARY KEY (instance_id, chat_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX chats_by_activity ON chats (instance_id, last_message_at);

-- Leases and nodes -------------------------------------------------------------------------------------------------------

-- Rows stay after a release: a fencing token never comes back.
CREATE TABLE leases (
  name TEXT PRIMARY KEY,
  owner TEXT,
  fencing_token INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE nodes (
  node_id TEXT PRIMARY KEY,
  seen_at INTEGER NOT NULL,
  address TEXT
) STRICT, WITHOUT ROWID;
