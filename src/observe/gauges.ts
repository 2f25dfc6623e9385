import { Gauge, type Registry } from "prom-client";
import type { Clock } from "#lib/clock.ts";
import { createProbe } from "./probe.ts";

/** What the gauges are read from at each scrape. Everything may be left out, fail or hang: then the gauge is absent. */
export interface Watched {
  /** What the pipeline holds. */
  readonly stats?: () => { readonly buffered: number; readonly lanes: number; readonly held: number };
  readonly sessions?: { readonly owned: () => readonly string[]; readonly connectedCount: () => number };
  readonly store?: {
    readonly deliveries: {
      readonly lanes: (input: object) => Promise<
        readonly {
          readonly pending: number;
          readonly oldestAt?: number;
          readonly breaker: { readonly state: string };
        }[]
      >;
    };
    readonly queue: { readonly nextDueAt: (input: { readonly now: number }) => Promise<number | undefined> };
    readonly instances: {
      readonly list: (input: { readonly offset: number; readonly limit: number }) => Promise<{
        readonly instances: readonly { readonly connection: { readonly state: string } }[];
      }>;
    };
  };
}

type WatchedStore = NonNullable<Watched["store"]>;

/** The gauges of the process. */
export interface Gauges {
  readonly watch: (watched: Watched | undefined) => void;
  /** Reads all of them. Never throws. */
  readonly refresh: () => Promise<void>;
}

/** How long one source may take; the scraper waits for all of them together. */
const readMs = 2_000;
const pageSize = 100;
/** Instances looked at in one scrape; with more of them the states are those of the first ones. */
const maxInstances = 10_000;

/** Registers the gauges. They are empty until something is watched. */
export function createGauges(
  deps: { readonly registry: Registry; readonly clock: Clock },
  build: { readonly version?: string },
): Gauges {
  const { registry, clock } = deps;
  const registers = [registry];
  const gauge = <L extends string = never>(name: string, help: string, labelNames: L[] = []) =>
    new Gauge({ name: `wazapi_${name}`, help, labelNames, registers });
  const buffered = gauge("buffered_batches", "Batches in memory that are not stored yet.");
  const lanes = gauge("lanes", "Lanes this process delivers.");
  const held = gauge("deliveries_held", "Deliveries in memory.");
  const owned = gauge("sessions_owned", "Sessions this process drives.");
  const connected = gauge("sessions_connected", "Sessions of this process that are connected.");
  const sessions = gauge("sessions", "Instances by the state of their session.", ["state"]);
  const pending = gauge("deliveries_pending", "Deliveries that wait for their endpoint.");
  const oldestDelivery = gauge(
    "oldest_pending_delivery_age_seconds",
    "Age of the oldest event that waits for its endpoint; 0 without one.",
  );
  const openBreakers = gauge("open_breakers", "Endpoints that are down.");
  const oldestMessage = gauge(
    "oldest_due_message_age_seconds",
    "How long the message that is due longest has been waiting to be sent; 0 without one.",
  );
  const failures = gauge("unreadable_sources", "Sources of gauges that could not be read in this scrape.");
  if (build.version !== undefined) {
    gauge("build_info", "The program; always 1.", ["version"]).set({ version: build.version }, 1);
  }
  let watched: Watched = {};

  const readMemory = async (): Promise<void> => {
    const { stats, sessions: live } = watched;
    const now = stats?.();
    if (now !== undefined) {
      buffered.set(now.buffered);
      lanes.set(now.lanes);
      held.set(now.held);
    }
    if (live !== undefined) {
      owned.set(live.owned().length);
      connected.set(live.connectedCount());
    }
  };
  const readLanes = async ({ deliveries }: WatchedStore): Promise<void> => {
    const all = await deliveries.lanes({});
    const oldest = Math.min(...all.map(({ oldestAt }) => oldestAt ?? Infinity));
    pending.set(all.reduce((sum, lane) => sum + lane.pending, 0));
    openBreakers.set(all.filter(({ breaker }) => breaker.state === "open").length);
    oldestDelivery.set(ageSeconds(Number.isFinite(oldest) ? oldest : undefined, clock.now()));
  };
  const readQueue = async ({ queue }: WatchedStore): Promise<void> => {
    const now = clock.now();
    oldestMessage.set(ageSeconds(await queue.nextDueAt({ now }), now));
  };
  const readStates = async ({ instances }: WatchedStore): Promise<void> => {
    const counts = await countStates(instances);
    sessions.reset();
    for (const [state, count] of counts) sessions.set({ state }, count);
  };
  /** Each source with the gauges it fills: what cannot be read now must not show what was read before. */
  const sources = [
    { read: readMemory, fills: [buffered, lanes, held, owned, connected] },
    { read: ofStore(readLanes), fills: [pending, openBreakers, oldestDelivery] },
    { read: ofStore(readQueue), fills: [oldestMessage] },
    { read: ofStore(readStates), fills: [sessions] },
  ].map(({ read, fills }) => ({ probe: createProbe(readMs, read), fills }));

  function ofStore(read: (store: WatchedStore) => Promise<void>): () => Promise<void> {
    return async () => {
      if (watched.store !== undefined) await read(watched.store);
    };
  }

  return {
    watch: (next) => {
      watched = next ?? {};
    },
    refresh: async () => {
      const never = new AbortController().signal;
      const states = await Promise.all(
        sources.map(async ({ probe, fills }) => {
          const { kind } = await probe(never);
          if (kind !== "done") for (const filled of fills) clear(filled);
          return kind;
        }),
      );
      failures.set(states.filter((kind) => kind !== "done").length);
    },
  };
}

/** Leaves no value behind; `reset` would leave a nought that looks like one. */
function clear(gauge: Gauge<"state"> | Gauge<never>): void {
  gauge.reset();
  gauge.remove();
}

function ageSeconds(since: number | undefined, now: number): number {
  return since === undefined ? 0 : Math.max(0, now - since) / 1_000;
}

async function countStates(instances: WatchedStore["instances"]): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (let offset = 0; offset < maxInstances; offset += pageSize) {
    const page = (await instances.list({ offset, limit: pageSize })).instances;
    for (const { connection } of page) counts.set(connection.state, (counts.get(connection.state) ?? 0) + 1);
    if (page.length < pageSize) break;
  }
  return counts;
}
