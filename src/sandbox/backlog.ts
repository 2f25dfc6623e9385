import type { BinaryNode } from "@whiskeysockets/baileys";
import type { QueuedStanza } from "./stanza-queue.ts";
import type { UnconfirmedWatch } from "./unconfirmed.ts";
import { serverJid, stanza } from "./wire/stanza.ts";

/** What a device missed, given to it batch by batch after its login, and then what comes live. */
export interface Backlog {
  /** Announces what waits, or that nothing does. */
  start(): void;
  /** The client is ready for this many. */
  request(count: number): void;
  /** Sends at once, or after what waits before it. */
  deliver(entry: QueuedStanza): void;
  /** The client has it. */
  confirmed(entry: QueuedStanza): void;
  /** Goes on after a pause in which nothing could be sent. */
  resume(): void;
  /** The connection is over. */
  close(): void;
}

/** What a backlog sends by. */
export interface BacklogDeps {
  /** Answers whether the stanza left; what did not is tried again by `resume`. */
  readonly send: (node: BinaryNode) => boolean;
  readonly watch: UnconfirmedWatch;
}

const previewed = ["message", "receipt", "notification", "call", "status"] as const;

/** WhatsApp protocol: so many stanzas come right after the preview, before the client has asked for any. */
const primer = 5;

/**
 * The way to one login. With `credit` each request releases so many more, whatever was confirmed meanwhile; with
 * `window` it says how many may be unconfirmed at a time. What the client refused at an earlier login is sent, and
 * nothing behind it until it is confirmed.
 */
export function createBacklog(
  { send, watch }: BacklogDeps,
  missed: readonly QueuedStanza[],
  mode: "credit" | "window",
): Backlog {
  const refused = new Set(missed.filter(({ isRefused }) => isRefused).map(({ seq }) => seq));
  const inFlight = new Set<number>();
  let window = 0;
  let allowed = primer;
  let next = 0;
  let isLive = false;
  let heldBy: number | undefined;
  let behind: QueuedStanza[] = [];

  const goLive = (): void => {
    if (!send(stanza("ib", { from: serverJid }, [stanza("offline", { count: missed.length })]))) return;
    isLive = true;
    resumeLive();
  };
  const resumeLive = (): void => {
    const waiting = behind;
    behind = [];
    for (const entry of waiting) deliver(entry);
  };
  const deliver = (entry: QueuedStanza): void => {
    if (!isLive || behind.length > 0 || !send(entry.node)) behind.push(entry);
    else watch.sent(entry);
  };
  const mayLeave = (): boolean => heldBy === undefined && (mode === "credit" ? next < allowed : inFlight.size < window);
  const pump = (): void => {
    if (isLive) return;
    while (mayLeave()) {
      const entry = missed[next];
      if (entry === undefined) break;
      if (!send({ ...entry.node, attrs: { ...entry.node.attrs, offline: "1" } })) return;
      watch.sent(entry);
      inFlight.add(entry.seq);
      next += 1;
      if (refused.has(entry.seq)) heldBy = entry.seq;
    }
    if (next === missed.length && heldBy === undefined) goLive();
  };
  return {
    start() {
      if (missed.length === 0) return goLive();
      const counts = previewed.map((tag) => [tag, missed.filter(({ node }) => node.tag === tag).length] as const);
      const attrs = { count: missed.length, ...Object.fromEntries(counts), appdata: 0 };
      send(stanza("ib", { from: serverJid }, [stanza("offline_preview", attrs)]));
      pump();
    },
    request(count) {
      window = Math.max(window, count);
      allowed = Math.max(allowed, next + count);
      pump();
    },
    deliver,
    confirmed(entry) {
      watch.confirmed(entry);
      if (entry.seq === heldBy) heldBy = undefined;
      else if (!inFlight.has(entry.seq)) return;
      inFlight.delete(entry.seq);
      pump();
    },
    resume() {
      if (isLive) resumeLive();
      else pump();
    },
    close: () => watch.close(),
  };
}
