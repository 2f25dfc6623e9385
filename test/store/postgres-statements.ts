import { appendEventsSql } from "#store/postgres/append-events.ts";
import { authStateSql } from "#store/postgres/auth-state.ts";
import { chatLimitsSql } from "#store/postgres/chat-limits.ts";
import { databaseCheckSql } from "#store/postgres/database-check.ts";
import { deadLettersSql } from "#store/postgres/dead-letters.ts";
import { deliveryListsSql } from "#store/postgres/delivery-lists.ts";
import { deliverySettleSql } from "#store/postgres/delivery-settle.ts";
import { eventSweepSql } from "#store/postgres/event-sweep.ts";
import { eventsSql } from "#store/postgres/events.ts";
import { instanceLockSql } from "#store/postgres/instance-lock.ts";
import { instanceRemovalSql } from "#store/postgres/instance-removal.ts";
import { laneClaimsSql } from "#store/postgres/lane-claims.ts";
import { laneDueSql } from "#store/postgres/lane-due.ts";
import { leasesSql } from "#store/postgres/leases.ts";
import { mediaFilesSql } from "#store/postgres/media-files.ts";
import { mediaSql } from "#store/postgres/media.ts";
import { mergePersonSql } from "#store/postgres/merge-person.ts";
import { positionGuardSql } from "#store/postgres/position-guard.ts";
import { putMediaSql } from "#store/postgres/put-media.ts";
import { putRecordsSql } from "#store/postgres/put-records.ts";
import { queueClaimsSql } from "#store/postgres/queue-claims.ts";
import { queueControlsSql } from "#store/postgres/queue-controls.ts";
import { queueEnqueueSql } from "#store/postgres/queue-enqueue.ts";
import { queueLineSql } from "#store/postgres/queue-line.ts";
import { queueListsSql } from "#store/postgres/queue-lists.ts";
import { queueSweepSql } from "#store/postgres/queue-sweep.ts";
import { retargetSql } from "#store/postgres/retarget.ts";
import { retentionSql } from "#store/postgres/retention.ts";
import { sessionRowsSql } from "#store/postgres/session-rows.ts";
import { settleJournalSql } from "#store/postgres/settle-journal.ts";
import type { Statement } from "#store/postgres/statement.ts";

const files: readonly Readonly<Record<string, Statement>>[] = [
  appendEventsSql,
  authStateSql,
  chatLimitsSql,
  databaseCheckSql,
  deadLettersSql,
  deliveryListsSql,
  deliverySettleSql,
  eventSweepSql,
  eventsSql,
  instanceLockSql,
  instanceRemovalSql,
  laneClaimsSql,
  laneDueSql,
  leasesSql,
  mediaFilesSql,
  mediaSql,
  mergePersonSql,
  positionGuardSql,
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
  sessionRowsSql,
  settleJournalSql,
];

/** Statements of the store that are written by hand: everything hot. */
export const writtenStatements: readonly Statement[] = files.flatMap((file) => Object.values(file));
