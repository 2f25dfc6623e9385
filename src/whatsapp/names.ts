import type { Captured } from "#domain/captured.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { orAborted } from "#lib/or-aborted.ts";
import type { sleep } from "#lib/sleep.ts";
import { createTtlCache } from "#lib/ttl-cache.ts";
import type { InstanceStore } from "#store/instances.ts";
import type { EventRow } from "#store/records.ts";
import type { Inbound } from "./inbound.ts";
import type { LiveSocket } from "./live-socket.ts";
import { type ProfileWish, wishesOf } from "./names-wanted.ts";
import { ownAccount } from "./own-account.ts";
import { askProfile, codeOf } from "./photos.ts";

/** What looking people and groups up works with. */
export interface NamesDeps {
  readonly instances: Pick<InstanceStore, "get">;
  readonly sessions: {
    readonly openSocket: (instanceId: string) => Pick<LiveSocket, "sock" | "own"> | undefined;
    readonly untilOpen: (instanceId: string, signal: AbortSignal) => Promise<void>;
  };
  /** Takes the answers the way of everything that arrives. */
  readonly inbound: Inbound;
  /** So many questions were given up because too many waited; must not throw. */
  readonly dropped?: (count: number) => void;
  readonly clock: Clock;
  readonly sleep: typeof sleep;
  readonly log: Log;
}

/** Pace and limits; all times in milliseconds. */
export interface NamesOptions {
  /** Pause between two questions of an instance; 0 asks nothing. */
  readonly everyMs: number;
  /** Questions of an instance that may wait; the oldest makes room. */
  readonly maxWaiting: number;
  /** How long an answer may take; Baileys itself waits longer for one that a closed connection will not bring. */
  readonly answerMs: number;
  /** How long an answer counts, also that there is none. */
  readonly refreshMs: number;
  /** How long a question rests that failed for another reason. */
  readonly failedMs: number;
  /** How long an instance asks nothing once WhatsApp said that it is too much. */
  readonly tooMuchMs: number;
}

/** One question in two seconds, each at most once a day. */
export const defaultNamesOptions: NamesOptions = {
  everyMs: 2_000,
  maxWaiting: 1_000,
  answerMs: 15_000,
  refreshMs: 24 * 60 * 60_000,
  failedMs: 60 * 60_000,
  tooMuchMs: 10 * 60_000,
};

/** Names and pictures from WhatsApp, asked for in the background. Disposing ends the question in hand. */
export interface Names extends AsyncDisposable {
  /** Events were stored, all of one instance: whoever is in them may have to be asked for. Never waits. */
  readonly stored: (rows: readonly EventRow[]) => void;
  /** Somebody changed, and nobody said how: the picture is asked for again. Never waits. */
  readonly changed: (instanceId: string, jid: string) => void;
  /** Questions that wait. */
  readonly waiting: () => number;
}

interface Lane {
  readonly wishes: Map<string, ProfileWish>;
  /** On the monotonic clock. */
  nextAt: number;
  dropped: number;
  running: Promise<void> | undefined;
}

/** Questions that are remembered as asked, over all instances. */
const maxAsked = 50_000;

/**
 * Fills the tables that webhooks take names and pictures from, so that nothing has to be asked on the way of a message:
 * the first message of somebody may come without a picture, later ones have it. One question at a time for each
 * instance, and only while it is connected. What is given up comes again with the next message.
 */
export function startNames(deps: NamesDeps, options: NamesOptions, signal: AbortSignal): Names {
  const { clock } = deps;
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  /** Ends the waits for answers: a little later, because a question in hand is most often answered at once. */
  const cut = new AbortController();
  const lanes = new Map<string, Lane>();
  const asked = createTtlCache<true>(clock, maxAsked);
  const keyOf = (instanceId: string, wish: ProfileWish): string => `${instanceId} ${wish.question} ${wish.jid}`;

  function wish(instanceId: string, wanted: ProfileWish): void {
    const key = keyOf(instanceId, wanted);
    if (wanted.isNews) asked.delete(key);
    if (asked.get(key) !== undefined) return;
    const lane = lanes.get(instanceId) ?? { wishes: new Map(), nextAt: 0, dropped: 0, running: undefined };
    lanes.set(instanceId, lane);
    // Wanted again, it keeps its place.
    lane.wishes.set(key, wanted);
    if (lane.wishes.size > options.maxWaiting) drop(instanceId, lane);
    run(instanceId, lane);
  }

  function drop(instanceId: string, lane: Lane): void {
    const oldest = lane.wishes.keys().next();
    if (oldest.done === true) return;
    lane.wishes.delete(oldest.value);
    deps.dropped?.(1);
    // Once for each time the line was full.
    if (lane.dropped === 0) {
      deps.log.warn({ instanceId, waiting: lane.wishes.size }, "too many pictures and names to ask for");
    }
    lane.dropped += 1;
  }

  function run(instanceId: string, lane: Lane): void {
    lane.running ??= work(instanceId, lane)
      .catch((error: unknown) => deps.log.error({ instanceId, error }, "names and pictures not asked for"))
      .finally(() => {
        lane.running = undefined;
        lane.dropped = 0;
      });
  }

  async function work(instanceId: string, lane: Lane): Promise<void> {
    while (!either.aborted) {
      await deps.sleep(lane.nextAt - clock.monotonicMs(), either);
      const first = nextOf(lane);
      if (first === undefined || either.aborted) return;
      const socket = deps.sessions.openSocket(instanceId);
      if (socket === undefined) {
        if (!(await reopened(instanceId))) return void lanes.delete(instanceId);
        continue;
      }
      const [key, wanted] = first;
      lane.wishes.delete(key);
      asked.set(key, true, options.refreshMs);
      lane.nextAt = clock.monotonicMs() + options.everyMs;
      try {
        await ask(instanceId, socket, wanted);
      } catch (error) {
        asked.set(key, true, options.failedMs);
        if (deps.sessions.openSocket(instanceId) !== socket) asked.delete(key);
        else if (codeOf(error) === tooMuch) lane.nextAt = clock.monotonicMs() + options.tooMuchMs;
        deps.log.debug({ instanceId, question: wanted.question, error }, "not told");
      }
    }
  }

  async function ask(instanceId: string, socket: Pick<LiveSocket, "sock" | "own">, wanted: ProfileWish): Promise<void> {
    const patience = AbortSignal.any([cut.signal, AbortSignal.timeout(options.answerMs)]);
    const events = await orAborted(askProfile(socket, wanted), patience);
    if (events === undefined) throw new Error("no answer");
    const own = socket.own();
    if (own === undefined || Object.keys(events).length === 0) return;
    const batch = { instanceId, own: ownAccount(own), events, journalIds: [], offline: false };
    const full = deps.inbound.receive(batch);
    if (full !== undefined) await orAborted(full, cut.signal);
  }

  /** Whether the instance is still there to be asked for; waits while it is not connected. */
  async function reopened(instanceId: string): Promise<boolean> {
    const waited = new AbortController();
    const patience = deps.sleep(lookAgainMs, AbortSignal.any([either, waited.signal])).then(() => waited.abort());
    await deps.sessions.untilOpen(instanceId, AbortSignal.any([either, waited.signal]));
    waited.abort();
    await patience;
    return (await deps.instances.get({ instanceId })) !== undefined;
  }

  return {
    stored: (rows) => {
      if (options.everyMs === 0 || either.aborted) return;
      for (const row of rows) {
        if (!kinds.has(row.kind)) continue;
        // Reading a row costs more than this: in a chat of two the one question is most often asked already.
        const isKnown = row.chatId !== undefined && asked.get(`${row.instanceId} picture ${row.chatId}`) !== undefined;
        if (isKnown && row.kind === "message" && !row.chatId?.endsWith("@g.us")) continue;
        const captured = JSON.parse(row.captured) as Captured; // Written by persist out of this very type.
        for (const wanted of wishesOf(captured, clock.now())) wish(row.instanceId, wanted);
      }
    },
    changed: (instanceId, jid) => {
      if (options.everyMs === 0 || either.aborted) return;
      wish(instanceId, { jid, question: "picture", isNews: true });
    },
    waiting: () => [...lanes.values()].reduce((sum, { wishes }) => sum + wishes.size, 0),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      const grace = setTimeout(() => cut.abort(), closeGraceMs);
      await Promise.all([...lanes.values()].flatMap(({ running }) => running ?? []));
      clearTimeout(grace);
    },
  };
}

/** What changed goes before what is missing: a webhook may wait for it. */
function nextOf({ wishes }: Lane): readonly [string, ProfileWish] | undefined {
  return wishes.entries().find(([, { isNews }]) => isNews) ?? wishes.entries().next().value;
}

const kinds: ReadonlySet<string> = new Set(["message", "waiting", "notification"]);
/** How long the questions in hand may take when the server stops. */
const closeGraceMs = 1_000;
/** WhatsApp's code for too many questions. */
const tooMuch = 429;
/** How often an instance that is not connected is looked for: it may have been deleted. */
const lookAgainMs = 10 * 60_000;
