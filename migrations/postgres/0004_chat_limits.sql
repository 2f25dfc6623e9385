-- What WhatsApp keeps an account from, for a time: a JSON document for each instance that it ever did.
CREATE TABLE chat_limits (
  instance_id text COLLATE "C" PRIMARY KEY,
  limits json NOT NULL,
  updated_at bigint NOT NULL
);
