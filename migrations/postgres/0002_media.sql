-- The twin of migrations/sqlite/0002_media.sql.
-- Files. A row of `media` is one file of one message; a row of `media_files` is one content, which several may share.

CREATE TABLE media (
  media_id text COLLATE "C" PRIMARY KEY,
  instance_id text COLLATE "C" NOT NULL,
  direction text NOT NULL,
  chat_id text COLLATE "C",
  message_id text COLLATE "C",
  part text NOT NULL,
  kind text NOT NULL,
  mime_type text NOT NULL,
  file_name text,
  state text NOT NULL,
  sha256 text COLLATE "C",
  attempts integer NOT NULL DEFAULT 0,
  -- Of a claimed row: when its claim runs out.
  due_at bigint NOT NULL,
  last_error text,
  owner text COLLATE "C",
  fencing_token bigint NOT NULL DEFAULT 0,
  expires_at bigint NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX media_due ON media (due_at) WHERE state IN ('pending', 'downloading');
CREATE INDEX media_owned ON media (owner) WHERE owner IS NOT NULL;
CREATE INDEX media_failed ON media (state) WHERE state = 'failed';
CREATE INDEX media_by_file ON media (sha256) WHERE sha256 IS NOT NULL;
CREATE INDEX media_by_expiry ON media (expires_at);
CREATE INDEX media_by_instance ON media (instance_id);

-- Files that a queued message needs: they stay as long as its row does.
CREATE TABLE media_uses (
  media_id text COLLATE "C" NOT NULL,
  instance_id text COLLATE "C" NOT NULL,
  zaap_id text COLLATE "C" NOT NULL,
  PRIMARY KEY (media_id, instance_id, zaap_id)
);
CREATE INDEX media_uses_by_instance ON media_uses (instance_id);

CREATE TABLE media_files (
  sha256 text COLLATE "C" PRIMARY KEY,
  bytes bigint NOT NULL,
  mime_type text NOT NULL,
  -- Disk that wrote it last; it may lie there still.
  volume text COLLATE "C" NOT NULL,
  -- Set once an upload has succeeded: from then on this is its place.
  bucket text,
  upload_due_at bigint,
  attempts integer NOT NULL DEFAULT 0,
  last_error text,
  seen_at bigint NOT NULL,
  owner text COLLATE "C",
  fencing_token bigint NOT NULL DEFAULT 0,
  lease_until bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 70);
CREATE INDEX media_files_uploads ON media_files (volume, upload_due_at) WHERE upload_due_at IS NOT NULL;
CREATE INDEX media_files_owned ON media_files (owner) WHERE owner IS NOT NULL;
