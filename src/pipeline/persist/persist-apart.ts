import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { lastingRefusal } from "#store/lasting-refusal.ts";
import type { CaptureResult } from "../capture-result.ts";
import type { Persist } from "./persist.ts";
import { standInOf } from "./stand-in.ts";

/** What storing apart works with. */
export interface PersistApartDeps {
  readonly persist: Persist;
  readonly clock: Clock;
  readonly log: Log;
  /** Told the kind of each thing that the store refuses for good, for metrics. Must not throw. */
  readonly refused: (kind: string) => void;
}

const recordKinds = ["lidPairs", "contacts", "chats", "messages", "statuses"] as const;

/** What cannot be taken apart any further, and why the store refuses it. */
interface Refused {
  readonly instanceId: string;
  readonly part: CaptureResult;
  readonly reason: string;
  readonly error: unknown;
  /** Journal rows that it came from. */
  readonly journalIds: readonly string[];
}

/**
 * Stores together what the store takes. What it refuses for good is halved until the one thing that it is about stands
 * alone: everything before and behind it is stored in order, it is logged, and a stand-in takes the place of an event.
 * Each part is a transaction of its own; the journal is settled last, so that a crash in between brings all of it back.
 *
 * Rejects, like `persist`, for what passes; and when the store refuses a stand-in or a journal row too, because then the
 * fault is its own and nothing may be given up.
 */
export function createPersistApart(
  deps: PersistApartDeps,
): (input: { readonly instanceId: string; readonly results: readonly CaptureResult[] }) => Promise<void> {
  const { log } = deps;

  const putAside = async ({ instanceId, part, reason, error, journalIds }: Refused): Promise<void> => {
    const [captured] = part.captured;
    if (captured === undefined) {
      const kind = recordKinds.find((name) => part.records[name] !== undefined);
      if (kind === undefined) throw error;
      deps.refused(kind);
      log.error({ instanceId, kind, reason, journalIds }, "the database refuses a row of what arrived; it is left out");
      return;
    }
    const standIn = standInOf(captured, { reason, now: deps.clock.now() });
    if (standIn !== undefined) {
      const rows = await deps.persist({ instanceId, results: [{ captured: [standIn], records: {}, journalIds: [] }] });
      // It stands there already: this comes out of the journal, or from a try that failed behind it.
      if (rows.length === 0) return;
    }
    const { kind } = captured;
    const messageId = standIn !== undefined && "messageId" in standIn ? { messageId: standIn.messageId } : {};
    const fields = { instanceId, kind, ...messageId, reason, journalIds, hasStandIn: standIn !== undefined };
    deps.refused(kind);
    log.error(fields, "the database refuses what arrived; it is put aside");
  };

  const store = async (
    instanceId: string,
    results: readonly CaptureResult[],
    journalIds: readonly string[],
  ): Promise<void> => {
    try {
      await deps.persist({ instanceId, results });
    } catch (error) {
      const reason = lastingRefusal(error);
      const [one] = results;
      if (reason === undefined || one === undefined) throw error;
      if (results.length > 1) {
        const middle = Math.ceil(results.length / 2);
        await store(instanceId, results.slice(0, middle), journalIds);
        await store(instanceId, results.slice(middle), journalIds);
        return;
      }
      const parts = partsOf(one);
      if (parts.length > 1) await store(instanceId, parts, one.journalIds);
      else await putAside({ instanceId, part: one, reason, error, journalIds });
    }
  };

  return ({ instanceId, results }) => store(instanceId, results, []);
}

/** One thing each: what the read model knows first, because whoever is told of the event reads it. */
function partsOf({ records, captured, journalIds }: CaptureResult): readonly CaptureResult[] {
  const part: CaptureResult = { captured: [], records: {}, journalIds: [] };
  return [
    ...recordKinds.flatMap((kind) => (records[kind] ?? []).map((row) => ({ ...part, records: { [kind]: [row] } }))),
    ...captured.map((one) => ({ ...part, captured: [one] })),
    ...(journalIds.length === 0 ? [] : [{ ...part, journalIds }]),
  ];
}
