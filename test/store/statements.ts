import { appendEventsSql } from "#store/sqlite/append-events.ts";
import { authStateSql } from "#store/sqlite/auth-state.ts";
import { databaseCheckSql } from "#store/sqlite/database-check.ts";
import { deadLettersSql } from "#store/sqlite/dead-letters.ts";
import { deliverySettleSql } from "#store/sqlite/delivery-settle.ts";
import { directorySql } from "#store/sqlite/directory.ts";
import { eventSweepSql } from "#store/sqlite/event-sweep.ts";
import { eventsSql } from "#store/sqlite/events.ts";
import { instancesSql } from "#store/sqlite/instances.ts";
import { laneClaimsSql } from "#store/sqlite/lane-claims.ts";
import { laneDueSql } from "#store/sqlite/lane-due.ts";
import { leasesSql } from "#store/sqlite/leases.ts";
import { mediaFilesSql } from "#store/sqlite/media-files.ts";
import { mediaSql } from "#store/sqlite/media.ts";
import { mergePersonSql } from "#store/sqlite/merge-person.ts";
import { putMediaSql } from "#store/sqlite/put-media.ts";
import { putRecordsSql } from "#store/sqlite/put-records.ts";
import { queueClaimsSql } from "#store/sqlite/queue-claims.ts";
import { queueControlsSql } from "#store/sqlite/queue-controls.ts";
import { queueEnqueueSql } from "#store/sqlite/queue-enqueue.ts";
import { queueLineSql } from "#store/sqlite/queue-line.ts";
import { queueListsSql } from "#store/sqlite/queue-lists.ts";
import { queueSweepSql } from "#store/sqlite/queue-sweep.ts";
import { retargetSql } from "#store/sqlite/retarget.ts";
import { retentionSql } from "#store/sqlite/retention.ts";
import { settleJournalSql } from "#store/sqlite/settle-journal.ts";

const files: readonly Readonly<Record<string, string>>[] = [
  appendEventsSql,
  authStateSql,
  databaseCheckSql,
  deadLettersSql,
  deliverySettleSql,
  directorySql,
  eventSweepSql,
  eventsSql,
  instancesSql,
  laneClaimsSql,
  laneDueSql,
  leasesSql,
  mediaFilesSql,
  mediaSql,
  mergePersonSql,
  putMediaSql,
  putRecordsSql,
  queueClaimsSql,
  queueControlsSql,
  queueEnqueueSql,
  queueLineSql,
  queueListsSql,
  queueSweepSql,
  retargetSql,
  retentionSql,
  settleJournalSql,
];

/** Statements of the store that are written by hand: everything hot. */
export const writtenStatements: readonly string[] = files.flatMap((file) => Object.values(file));
