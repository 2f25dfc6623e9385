-- What waits for itself holds up its own chat only. `held` from here on: 0 in the line, 1 outside until its scheduled time,
-- 2 set aside until `due_at`, 3 behind another of its chat, null once it is final. Of each chat the first that is not
-- scheduled for later is in the line or set aside, and all others are behind it.

DROP INDEX queue_line, queue_held, queue_finished;
ALTER TABLE queue
  ADD COLUMN chat_id text COLLATE "C" NOT NULL DEFAULT '',
  -- What it is set aside for, when that may end before `due_at`.
  ADD COLUMN waits_for text COLLATE "C",
  ALTER COLUMN held TYPE smallint USING CASE WHEN held THEN 1 WHEN NOT held THEN 3 END;
UPDATE queue SET chat_id = outgoing ->> 'to';
UPDATE queue SET held = 2
  WHERE held = 3 AND sequence IN (SELECT min(sequence) FROM queue WHERE held = 3 GROUP BY instance_id, chat_id);

CREATE INDEX queue_line ON queue (instance_id, sequence) WHERE held = 0;
CREATE INDEX queue_held ON queue (instance_id, scheduled_at) WHERE held = 1;
CREATE INDEX queue_finished ON queue (state, updated_at, sequence) WHERE held IS NULL;
CREATE INDEX queue_chat ON queue (instance_id, chat_id, sequence) WHERE held <> 1;
CREATE INDEX queue_aside ON queue (instance_id, due_at) WHERE held = 2;
-- For a clock that was set back: what was written in what is the future now is due.
CREATE INDEX queue_aside_written ON queue (instance_id, updated_at) WHERE held = 2;
CREATE INDEX queue_waits_for ON queue (instance_id, waits_for, sequence) WHERE waits_for IS NOT NULL;
