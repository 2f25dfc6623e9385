-- What WhatsApp keeps an account from, for a time: a JSON document for each instance that it ever did.
CREATE TABLE chat_limits (
  instance_id TEXT PRIMARY KEY,
  limits TEXT NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
