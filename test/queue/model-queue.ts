import { WazapiError } from "#domain/errors.ts";
import { afterMove, waitingStates, type QueueMove } from "#queue/state.ts";
import type { ClaimedMessage, QueuedMessage, QueueStore } from "#store/queue.ts";
import type { NewEvent, StoredMessage } from "#store/records.ts";

interface Row extends QueuedMessage {
  token: number;
}

/** The queue as its drawing says it works, in memory: what the real one is compared with. */
export interface ModelQueue extends QueueStore {
  readonly rows: readonly QueuedMessage[];
  readonly events: readonly NewEvent[];
  readonly stored: readonly StoredMessage[];
}

/** An empty model. */
export function createModelQueue(): ModelQueue {
  const rows: Row[] = [];
  const events: NewEvent[] = [];
  const stored: StoredMessage[] = [];
  const keys = new Map<string, { zaapId: string; hash: string }>();
  const lines = new Map<string, { token: number; leaseUntil: number; zaapId?: string | undefined }>();
  const lineOf = (instanceId: string) => {
    const line = lines.get(instanceId) ?? { token: 0, leaseUntil: 0 };
    lines.set(instanceId, line);
    return line;
  };
  const find = (instanceId: string, zaapId: string) =>
    rows.find((row) => row.instanceId === instanceId && row.zaapId === zaapId);
  const change = (row: Row, patch: Partial<Row>) => {
    rows[rows.indexOf(row)] = { ...row, ...patch };
  };
  const move = (row: Row, step: QueueMove, patch: Partial<Row> = {}) => {
    const state = afterMove(row.state, step);
    if (state === undefined) throw new Error(`${step} of a ${row.state} message`);
    change(row, { ...patch, state });
  };
  /** The claimed row while the claim is still the newest of its line. */
  const heldBy = (claim: ClaimedMessage): Row | undefined => {
    const line = lineOf(claim.instanceId);
    const row = find(claim.instanceId, claim.zaapId);
    return line.token === claim.fencingToken && line.zaapId === claim.zaapId ? row : undefined;
  };
  const free = (instanceId: string) => {
    const line = lineOf(instanceId);
    line.leaseUntil = 0;
    line.zaapId = undefined;
  };
  /** Of each chat the first that is not scheduled for later. */
  const headsOf = (instanceId: string, now: number): readonly Row[] => {
    const inLine = rows
      .filter((row) => row.instanceId === instanceId && waitingStates.includes(row.state))
      .filter((row) => row.scheduledAt === undefined || row.scheduledAt <= now)
      .sort((a, b) => a.sequence - b.sequence);
    return inLine.filter((row) => inLine.find(({ chatId }) => chatId === row.chatId) === row);
  };
  const claimable = (instanceId: string, now: number): Row | undefined => {
    // What a dead claimer left may have gone out already: nothing overtakes it, not even what was scheduled before it.
    const left = find(instanceId, lineOf(instanceId).zaapId ?? "");
    const head = left?.state === "sending" ? left : headsOf(instanceId, now).find(({ dueAt }) => dueAt <= now);
    return lineOf(instanceId).leaseUntil <= now ? head : undefined;
  };
  const instances = () => [...new Set(rows.map((row) => row.instanceId))];
  const visible = ({ token: _token, ...row }: Row): QueuedMessage => row;

  const store: ModelQueue = {
    get rows() {
      return rows.map(visible);
    },
    events,
    stored,
    enqueue: async ({ message, idempotency, maxWaiting, now }) => {
      const key = idempotency && `${message.instanceId}/${idempotency.key}`;
      const known = key === undefined ? undefined : keys.get(key);
      if (known !== undefined) {
        if (known.hash !== idempotency?.requestHash) throw new WazapiError("idempotency_conflict");
        return { message: visible(find(message.instanceId, known.zaapId)!), created: false };
      }
      const waits = rows.filter((row) => row.instanceId === message.instanceId && waitingStates.includes(row.state));
      if (maxWaiting !== undefined && waits.length >= maxWaiting) throw new WazapiError("queue_full");
      if (key !== undefined) keys.set(key, { zaapId: message.zaapId, hash: idempotency!.requestHash });
      const row: Row = {
        ...message,
        chatId: message.chatId ?? message.outgoing.to,
        sequence: rows.length + 1,
        state: "queued",
        attempts: 0,
        updatedAt: now,
        token: 0,
      };
      rows.push(row);
      return { message: visible(row), created: true };
    },
    accepted: async ({ instanceId, key, requestHash }) => {
      const known = keys.get(`${instanceId}/${key}`);
      if (known === undefined) return undefined;
      if (known.hash !== requestHash) throw new WazapiError("idempotency_conflict");
      return visible(find(instanceId, known.zaapId)!);
    },
    instancesWithWork: async ({ now, limit }) =>
      instances()
        .filter((id) => claimable(id, now) !== undefined)
        .slice(0, limit),
    nextDueAt: async ({ now }) => {
      const times = instances().flatMap((id) => {
        const heads = headsOf(id, now);
        const scheduled = rows.filter((row) => row.instanceId === id && row.state === "queued" && row.scheduledAt);
        return [...heads.map(({ dueAt }) => dueAt), ...scheduled.map((row) => row.scheduledAt!)];
      });
      return times.length === 0 ? undefined : Math.min(...times);
    },
    claim: async ({ instanceId, leaseMs, now }) => {
      const head = claimable(instanceId, now);
      if (head === undefined) return undefined;
      const line = lineOf(instanceId);
      line.token += 1;
      line.leaseUntil = now + leaseMs;
      line.zaapId = head.zaapId;
      move(head, "claim");
      Reflect.deleteProperty(find(instanceId, head.zaapId)!, "waitsFor");
      return { ...visible(find(instanceId, head.zaapId)!), fencingToken: line.token };
    },
    renew: async ({ claim, leaseMs, now }) => {
      if (heldBy(claim) === undefined) return false;
      lineOf(claim.instanceId).leaseUntil = now + leaseMs;
      return true;
    },
    retry: async ({ claim, attempts, dueAt, waitsFor, error }) => {
      const row = heldBy(claim);
      if (row === undefined) return false;
      const wait = waitsFor === undefined ? {} : { waitsFor };
      move(row, "retry", { attempts, dueAt, ...wait, ...(error === undefined ? {} : { lastError: error }) });
      free(claim.instanceId);
      return true;
    },
    release: async ({ instanceId, waitsFor, now }) => {
      const waiting = rows.filter((row) => row.instanceId === instanceId && row.waitsFor === waitsFor);
      for (const { waitsFor: _over, ...row } of waiting) {
        rows[rows.findIndex(({ zaapId }) => zaapId === row.zaapId)] = { ...row, dueAt: now };
      }
      return waiting.length;
    },
    settle: async ({ claim, outcome, error, stored: message, events: caused }) => {
      const row = heldBy(claim);
      if (row === undefined) return false;
      move(row, outcome, error === undefined ? {} : { lastError: error });
      free(claim.instanceId);
      events.push(...caused);
      if (message !== undefined) stored.push(message);
      return true;
    },
    cancel: async ({ instanceId, zaapId }) => {
      const row = find(instanceId, zaapId);
      if (row?.state === "sending") return "sending";
      if (row?.state !== "queued") return "gone";
      move(row, "cancel");
      return "canceled";
    },
    purge: async ({ instanceId }) => {
      const waits = rows.filter((row) => row.instanceId === instanceId && row.state === "queued");
      for (const row of waits) move(row, "cancel");
      return waits.length;
    },
    requeueFailed: async ({ instanceId, zaapId, now }) => {
      const failed = rows.filter(
        (row) =>
          row.instanceId === instanceId && row.state === "failed" && (zaapId === undefined || row.zaapId === zaapId),
      );
      for (const row of failed) move(row, "requeue", { attempts: 0, dueAt: now });
      return failed.length;
    },
    get: async ({ instanceId, zaapId }) => {
      const row = find(instanceId, zaapId);
      return row && visible(row);
    },
    byMessageId: async ({ instanceId, messageId }) => {
      const row = rows.find((each) => each.instanceId === instanceId && each.messageId === messageId);
      return row && visible(row);
    },
    list: async ({ instanceId, states, after, offset = 0, limit }) =>
      rows
        .filter((row) => row.instanceId === instanceId && states.includes(row.state) && row.sequence > (after ?? 0))
        .sort((a, b) => a.sequence - b.sequence)
        .slice(offset, offset + limit)
        .map(visible),
    count: async ({ instanceId, states }) =>
      rows.filter((row) => row.instanceId === instanceId && states.includes(row.state)).length,
  };
  return store;
}
