import type { BaileysEventMap, proto, WAMessage } from "@whiskeysockets/baileys";

/** Which journal entries a batch of events settles. */
export interface HistoryJournal {
  /** Stanza ids that are settled once these events are stored. */
  readonly settledBy: (events: Partial<BaileysEventMap>) => readonly string[];
  /** The notice that announced this chunk; to be asked for before the chunk settles it. */
  readonly noticeOf: (set: BaileysEventMap["messaging-history.set"]) => Notice | undefined;
}

type Notice = proto.Message.IHistorySyncNotification;

interface Awaited {
  readonly id: string;
  /** Kind, number and question of the chunk. */
  readonly chunk: string;
  readonly notice: Notice;
}

/** Chunks on their way at a time; of more the entries stay in the journal, and are tried once more. */
const maxAwaited = 1_000;

/**
 * A message is settled with its own event, the notice of a chunk of history only with the chunk: Baileys downloads it
 * after it has reported the message, and a crash, or a download that fails in between, would lose thousands of
 * messages. A chunk that never came is fetched again when the journal is replayed. `fetches` says which chunks Baileys
 * fetches at all.
 */
export function createHistoryJournal(
  fetches: (notice: proto.Message.IHistorySyncNotification) => boolean,
): HistoryJournal {
  const awaited: Awaited[] = [];

  function idOf(message: WAMessage): readonly string[] {
    const { id } = message.key;
    if (!id) return [];
    const notice = message.message?.protocolMessage?.historySyncNotification;
    if (!notice || message.key.fromMe !== true || !fetches(notice)) return [id];
    if (awaited.length < maxAwaited) awaited.push({ id, chunk: nameOf(notice), notice });
    return [];
  }

  return {
    noticeOf: (set) => {
      const chunk = nameOf(set);
      return awaited.findLast((one) => one.chunk === chunk)?.notice;
    },
    settledBy: (events) => {
      const ids = (events["messages.upsert"]?.messages ?? []).flatMap(idOf);
      const set = events["messaging-history.set"];
      if (set === undefined) return ids;
      const chunk = nameOf(set);
      const arrived = awaited.filter((one) => one.chunk === chunk);
      for (const one of arrived) awaited.splice(awaited.indexOf(one), 1);
      return [...ids, ...arrived.map(({ id }) => id)];
    },
  };
}

/**
 * WhatsApp protocol: the notice and the chunk number their kinds alike, in two enumerations. Answers of the phone to
 * several questions are of one kind and may have no number; the session of the question tells them apart.
 */
function nameOf(chunk: {
  readonly syncType?: number | null;
  readonly chunkOrder?: number | null;
  readonly peerDataRequestSessionId?: string | null;
}): string {
  return `${chunk.syncType ?? 0} ${chunk.chunkOrder ?? 0} ${chunk.peerDataRequestSessionId ?? ""}`;
}
