import { isBroadcastJid, isNewsletterJid } from "#domain/jid.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { orAborted } from "#lib/or-aborted.ts";
import type { ChatRow, DirectoryStore } from "#store/directory.ts";
import type { MessageStore } from "#store/messages.ts";
import { BoundedMap } from "./bounded-map.ts";
import type { Sessions } from "./sessions.ts";

/** What looking for holes works with. */
export interface HistoryGapsDeps {
  readonly directory: Pick<DirectoryStore, "chats" | "putChats">;
  readonly messages: Pick<MessageStore, "list">;
  readonly sessions: Pick<Sessions, "view" | "openSocket">;
  readonly clock: Clock;
  readonly log: Log;
}

/** Reach and pace; all times in milliseconds. */
export interface HistoryGapsOptions {
  /** How long a connection has to stand first: until then the backlog and the first history are on their way. */
  readonly settleMs: number;
  /** Chats without a message for longer are left alone: what is stored of them was cleared away, too. */
  readonly reachMs: number;
  /** Chats looked at for each connection, newest first. */
  readonly maxChats: number;
  /** Chats asked for in one round. */
  readonly maxAsks: number;
  /** Messages asked for in one chat. */
  readonly messages: number;
}

/** A phone that is asked now and then. */
export const defaultHistoryGapsOptions: HistoryGapsOptions = {
  settleMs: 60_000,
  reachMs: 7 * 24 * 60 * 60_000,
  maxChats: 200,
  maxAsks: 3,
  messages: 50,
};

/** Finds chats that lack their newest messages. */
export interface HistoryGaps {
  /**
   * Asks the phone for what chats of this instance lack, once for each connection and hole; answers how many it asked
   * for. The answers come as history. 0 while there is nothing to ask, or nobody.
   */
  readonly close: (instanceId: string, signal: AbortSignal) => Promise<number>;
}

/** Instances whose connection is remembered; looking through one again costs a few queries. */
const maxInstances = 10_000;

/** Name of the field of a chat that holds which newest message it was asked for already. */
const askedField = "historyAskedFor";

/**
 * A chat has a hole when the account knows of a newer message (`lastMessageAt`, from the history or the app state) than
 * the newest one stored. WhatsApp protocol: the phone answers with what is older than the message and the time named;
 * an unknown id leaves it the time. That a real phone takes an empty id was not verified; the sandbox does.
 */
export function createHistoryGaps(deps: HistoryGapsDeps, options: HistoryGapsOptions): HistoryGaps {
  /** Start of the connection that was looked through, by instance. */
  const looked = new BoundedMap<string, number>({ limit: maxInstances });

  return {
    close: async (instanceId, signal) => {
      const { connection } = await deps.sessions.view(instanceId);
      const socket = deps.sessions.openSocket(instanceId);
      const isSettled = connection.state === "connected" && deps.clock.now() - connection.at >= options.settleMs;
      if (socket === undefined || !isSettled || looked.get(instanceId) === connection.at) return 0;
      let asked = 0;
      for (const chat of await candidates(instanceId)) {
        if (signal.aborted) return asked;
        if (!(await lacksNewest(chat))) continue;
        // The rest comes with the next round.
        if (asked >= options.maxAsks) return asked;
        const { chatId, lastMessageAt = 0 } = chat;
        const anchor = { remoteJid: chatId, id: "", fromMe: false };
        const asking = socket.sock.fetchMessageHistory(options.messages, anchor, lastMessageAt + 1_000);
        const questionId = await orAborted(asking, signal);
        if (signal.aborted || questionId === undefined) return asked;
        socket.questions.asked("history", questionId);
        // Once the phone was asked: a hole that nobody can fill is not asked for again and again.
        const noted = { chatId, extra: { [askedField]: lastMessageAt } };
        await deps.directory.putChats({ instanceId, chats: [noted] });
        deps.log.info({ instanceId, messages: options.messages }, "asked the phone for messages that a chat lacks");
        asked += 1;
      }
      looked.set(instanceId, connection.at);
      return asked;
    },
  };

  async function candidates(instanceId: string): Promise<readonly ChatRow[]> {
    const since = deps.clock.now() - options.reachMs;
    const newest = await deps.directory.chats({ instanceId, offset: 0, limit: options.maxChats });
    return newest.filter(
      ({ chatId, lastMessageAt = 0, extra }) =>
        lastMessageAt > since &&
        !isBroadcastJid(chatId) &&
        !isNewsletterJid(chatId) &&
        extra?.[askedField] !== lastMessageAt,
    );
  }

  /** Times of WhatsApp are whole seconds, so an equal second is the same message. */
  async function lacksNewest({ instanceId, chatId, lastMessageAt = 0 }: ChatRow): Promise<boolean> {
    const [newest] = await deps.messages.list({ instanceId, chatId, limit: 1 });
    return lastMessageAt - (newest?.at ?? 0) >= 1_000;
  }
}
