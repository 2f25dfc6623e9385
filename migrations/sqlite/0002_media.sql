-- Files. A row of `media` is one file of one message; a row of `media_files` is one content, which several may share.

CREATE TABLE media (
  media_id TEXT PRIMARY KEY,
  instance_id TEXT NOT NULL,
  direction TEXT NOT NULL,
  chat_id TEXT,
  message_id TEXT,
  part TEXT NOT NULL,
  kind TEXT NOT NULL,
  mime_type TEXT NOT NULL,
  file_name TEXT,
  state TEXT NOT NULL,
  sha256 TEXT,
  attempts INTEGER NOT NULL DEFAULT 0,
  -- Of a claimed row: when its claim runs out.
  due_at INTEGER NOT NULL,
  last_error TEXT,
  owner TEXT,
  fencing_token INTEGER NOT NULL DEFAULT 0,
  expires_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX media_due ON media (due_at) WHERE state IN ('pending', 'downloading');
CREATE INDEX media_owned ON media (owner) WHERE owner IS NOT NULL;
CREATE INDEX media_failed ON media (state) WHERE state = 'failed';
CREATE INDEX media_by_file ON media (sha256) WHERE sha256 IS NOT NULL;
CREATE INDEX media_by_expiry ON media (expires_at);
CREATE INDEX media_by_instance ON media (instance_id);

-- Files that a queued message needs: they stay as long as its row does.
CREATE TABLE media_uses (
  media_id TEXT NOT NULL,
  instance_id TEXT NOT NULL,
  zaap_id TEXT NOT NULL,
  PRIMARY KEY (media_id, instance_id, zaap_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX media_uses_by_instance ON media_uses (instance_id);

CREATE TABLE media_files (
  sha256 TEXT PRIMARY KEY,
  bytes INTEGER NOT NULL,
  mime_type TEXT NOT NULL,
  -- Disk that wrote it last; it may lie there still.
  volume TEXT NOT NULL,
  -- Set once an upload has succeeded: from then on this is its place.
  bucket TEXT,
  upload_due_at INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0,
  last_error TEXT,
  seen_at INTEGER NOT NULL,
  owner TEXT,
  fencing_token INTEGER NOT NULL DEFAULT 0,
  lease_until INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX media_files_uploads ON media_files (volume, upload_due_at) WHERE upload_due_at IS NOT NULL;
CREATE INDEX media_files_owned ON media_files (owner) WHERE owner IS NOT NULL;
