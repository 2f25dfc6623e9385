import type { BinaryNode } from "@whiskeysockets/baileys";
import type { QueuedStanza } from "./stanza-queue.ts";
import { serverJid, stanza } from "./wire/stanza.ts";

/** What a device missed, given to it batch by batch after its login, and then what comes live. */
export interface Backlog {
  /** Announces what waits, or that nothing does. */
  start(): void;
  /** The client is ready for this many at a time; without asking it gets nothing. */
  request(count: number): void;
  /** Sends at once, or after what waits before it. */
  deliver(entry: QueuedStanza): void;
  /** Makes room in the batch. */
  confirmed(entry: QueuedStanza): void;
  /** Goes on after a pause in which nothing could be sent. */
  resume(): void;
}

const previewed = ["message", "receipt", "notification", "call"] as const;

/** The way to one login. `send` answers whether the stanza left; what did not is tried again by `resume`. */
export function createBacklog(send: (node: BinaryNode) => boolean, missed: readonly QueuedStanza[]): Backlog {
  const inFlight = new Set<number>();
  let window = 0;
  let next = 0;
  let isLive = false;
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
  };
  const pump = (): void => {
    if (isLive) return;
    while (inFlight.size < window) {
      const entry = missed[next];
      if (entry === undefined) break;
      if (!send({ ...entry.node, attrs: { ...entry.node.attrs, offline: "1" } })) return;
      inFlight.add(entry.seq);
      next += 1;
    }
    if (next === missed.length) goLive();
  };
  return {
    start() {
      if (missed.length === 0) return goLive();
      const counts = previewed.map((tag) => [tag, missed.filter(({ node }) => node.tag === tag).length] as const);
      const attrs = { count: missed.length, ...Object.fromEntries(counts), appdata: 0 };
      send(stanza("ib", { from: serverJid }, [stanza("offline_preview", attrs)]));
    },
    request(count) {
      window = Math.max(window, count);
      pump();
    },
    deliver,
    confirmed(entry) {
      if (inFlight.delete(entry.seq)) pump();
    },
    resume() {
      if (isLive) resumeLive();
      else pump();
    },
  };
}
