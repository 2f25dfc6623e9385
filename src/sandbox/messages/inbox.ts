import type { proto } from "@whiskeysockets/baileys";
import { describeMessage } from "../content/describe.ts";
import type { InboxEntry, MessageDescription, OpenedAnswer, ShownNode } from "../shown.ts";

/** A message that arrived, before it is described. */
export interface Arrived {
  readonly messageId: string;
  readonly from: string;
  readonly chat: string;
  readonly at: number;
  readonly message: proto.IMessage;
  readonly nodes?: readonly ShownNode[];
  readonly opened?: OpenedAnswer;
}

/** An entry as it is kept; `seq` and `copies` are the inbox's. */
export interface KeptEntry extends Arrived {
  readonly seq: number;
  copies: number;
  hosted?: true;
}

/** What one person received, in order of arrival; the oldest are forgotten. */
export interface Inbox {
  /** A message id that is there already only counts as a copy. */
  add(arrived: Arrived): void;
  /** The device that a provider runs has read this message; for one that is not there this does nothing. */
  readByProvider(messageId: string): void;
  /** Entries after `since`; with none, waits for the first one until the signal aborts. */
  after(since: number, signal: AbortSignal): Promise<readonly InboxEntry[]>;
  /** What {@link createInbox} takes. */
  kept(): { readonly lastSeq: number; readonly entries: readonly KeptEntry[] };
  clear(): void;
}

const maxEntries = 20_000;

/** An inbox, empty or as it was kept. */
export function createInbox(
  kept: { readonly lastSeq: number; readonly entries: readonly KeptEntry[] } | undefined,
): Inbox {
  let lastSeq = kept?.lastSeq ?? 0;
  const entries = new Map<number, KeptEntry>();
  const byId = new Map<string, KeptEntry>();
  const descriptions = new WeakMap<KeptEntry, MessageDescription>();
  const waiting = new Set<() => void>();

  const keep = (entry: KeptEntry): void => {
    entries.set(entry.seq, entry);
    byId.set(entry.messageId, entry);
    const [oldest] = entries.size > maxEntries ? entries.values() : [];
    if (oldest === undefined) return;
    entries.delete(oldest.seq);
    byId.delete(oldest.messageId);
  };
  const show = (entry: KeptEntry): InboxEntry => {
    const { message, ...rest } = entry;
    // Describing costs more than receiving, so it waits until somebody looks.
    const description = descriptions.get(entry) ?? describeMessage(message);
    descriptions.set(entry, description);
    return { ...rest, ...description };
  };
  const read = (since: number): readonly InboxEntry[] =>
    since >= lastSeq ? [] : [...entries.values()].filter(({ seq }) => seq > since).map(show);
  for (const entry of kept?.entries ?? []) keep(entry);

  return {
    add(arrived) {
      const known = byId.get(arrived.messageId);
      if (known !== undefined) {
        known.copies += 1;
        return;
      }
      lastSeq += 1;
      keep({ ...arrived, seq: lastSeq, copies: 1 });
      for (const wake of waiting) wake();
    },
    readByProvider(messageId) {
      const known = byId.get(messageId);
      if (known !== undefined) known.hosted = true;
    },
    async after(since, signal) {
      if (since >= lastSeq && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const done = (): void => {
            waiting.delete(done);
            signal.removeEventListener("abort", done);
            resolve();
          };
          waiting.add(done);
          signal.addEventListener("abort", done, { once: true });
        });
      }
      return read(since);
    },
    kept: () => ({ lastSeq, entries: [...entries.values()] }),
    clear() {
      entries.clear();
      byId.clear();
      lastSeq = 0;
    },
  };
}
