import { proto, type WAMessageKey } from "@whiskeysockets/baileys";
import type { CapturedHistory } from "#domain/captured.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { orAborted } from "#lib/or-aborted.ts";
import { sleep } from "#lib/sleep.ts";
import type { EventStore } from "#store/events.ts";
import type { MessageStore } from "#store/messages.ts";
import type { StoredMessage } from "#store/records.ts";
import type { Sessions } from "./sessions.ts";

/** What reading back works with. */
export interface HistoryPagesDeps {
  readonly messages: Pick<MessageStore, "get" | "list">;
  readonly events: Pick<EventStore, "list">;
  readonly sessions: Pick<Sessions, "openSocket">;
  /** Resolves when events were stored, or on abort. */
  readonly news: (signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

/** How long a page waits for the phone, milliseconds. */
export interface HistoryPagesOptions {
  readonly waitMs: number;
}

/** A phone that is awake answers in less. */
export const defaultHistoryPagesOptions: HistoryPagesOptions = { waitMs: 5_000 };

/** One page. */
export interface HistoryPage {
  /** Newest first. */
  readonly rows: readonly StoredMessage[];
  /** The phone was asked for more and did not answer in time: there may be more. */
  readonly isPhoneSilent: boolean;
}

/** Messages of a chat, page by page into the past. */
export interface HistoryPages {
  /**
   * Up to `amount` messages older than `before` (a message id; the newest when left out), newest first. Where too few are
   * stored and the instance is connected the phone is asked for older ones first.
   */
  readonly page: (
    input: {
      readonly instanceId: string;
      readonly chatId: string;
      readonly amount: number;
      readonly before?: string;
    },
    signal: AbortSignal,
  ) => Promise<HistoryPage>;
}

/** Messages of one second that a page may begin in the middle of. */
const sameSecond = 500;

/** Reads out of the store, and asks the phone for what is not there. */
export function createHistoryPages(deps: HistoryPagesDeps, options: HistoryPagesOptions): HistoryPages {
  return {
    page: async ({ instanceId, chatId, amount, before }, signal) => {
      const start =
        before === undefined ? undefined : await deps.messages.get({ instanceId, messageId: before, chatId });
      // A page behind a message that is not known here would be the wrong one.
      if (before !== undefined && start === undefined) return { rows: [], isPhoneSilent: false };
      const read = () => stored({ instanceId, chatId, amount, start });
      const rows = await read();
      if (rows.length >= amount || signal.aborted) return { rows, isPhoneSilent: false };
      const anchor = rows.at(-1) ?? start;
      const answer = await askPhone({ instanceId, chatId, anchor, amount: amount - rows.length }, signal);
      return { rows: answer === "came" ? await read() : rows, isPhoneSilent: answer === "silence" };
    },
  };

  async function stored(input: {
    readonly instanceId: string;
    readonly chatId: string;
    readonly amount: number;
    readonly start: StoredMessage | undefined;
  }): Promise<readonly StoredMessage[]> {
    const { start, amount, ...chat } = input;
    if (start === undefined) return await deps.messages.list({ ...chat, limit: amount });
    // Times are whole seconds: others of the same one may be behind it.
    const rows = await deps.messages.list({ ...chat, before: start.at + 1, limit: amount + sameSecond });
    const at = rows.findIndex(({ messageId }) => messageId === start.messageId);
    return rows.slice(at + 1, at + 1 + amount);
  }

  /** What came of asking the phone; `nobody`: it could not be asked, or nobody waits any more. */
  async function askPhone(
    wanted: {
      readonly instanceId: string;
      readonly chatId: string;
      readonly anchor: StoredMessage | undefined;
      readonly amount: number;
    },
    signal: AbortSignal,
  ): Promise<"came" | "silence" | "nobody"> {
    const { instanceId, chatId, anchor, amount } = wanted;
    const socket = deps.sessions.openSocket(instanceId);
    if (socket === undefined) return "nobody";
    const from = deps.clock.now();
    const either = AbortSignal.any([signal, AbortSignal.timeout(options.waitMs)]);
    try {
      const asking = socket.sock.fetchMessageHistory(amount, keyOf(chatId, anchor), anchor?.at ?? from);
      const questionId = await orAborted(asking, either);
      if (questionId !== undefined) socket.questions.asked("history", questionId);
    } catch (error) {
      deps.log.warn({ instanceId, error }, "the phone could not be asked for older messages");
      return "nobody";
    }
    for (;;) {
      const news = deps.news(either);
      const latest = await deps.events.list({ instanceId, type: "HistorySyncCallback", from, limit: 10 });
      // Written by persist out of this very type.
      if (latest.some(({ captured }) => (JSON.parse(captured) as CapturedHistory).syncType === "on_demand"))
        return "came";
      if (signal.aborted) return "nobody";
      if (either.aborted) {
        deps.log.warn({ instanceId }, "the phone did not send the older messages it was asked for");
        return "silence";
      }
      await news;
      // It comes for every instance; a flood of others must not become one of questions.
      await sleep(lookEveryMs, either);
    }
  }
}

const lookEveryMs = 100;

/** The message as the phone knows it; without one, whatever is newest in the chat. */
function keyOf(chatId: string, anchor: StoredMessage | undefined): WAMessageKey {
  if (anchor === undefined) return { remoteJid: chatId, id: "", fromMe: false };
  const { key } = proto.WebMessageInfo.decode(anchor.proto);
  return { remoteJid: key?.remoteJid ?? chatId, id: anchor.messageId, fromMe: anchor.fromMe };
}
