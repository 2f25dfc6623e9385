import { promisify } from "node:util";
import { inflate } from "node:zlib";
import { normalizeMessageContent, proto, type BaileysEventMap, type WAMessage } from "@whiskeysockets/baileys";
import type { Log } from "#lib/log.ts";
import { decryptedMedia } from "../media-cipher.ts";
import { addressOf, keysOf, requestFile } from "../media-request.ts";
import type { Transport } from "../transport.ts";
import { readableInHistory, type TellUnknown } from "./readable-message.ts";

/** A chunk of history as Baileys has read it. */
export type HistorySet = BaileysEventMap["messaging-history.set"];

/** What reading history works with. */
export interface ReadableHistoryDeps {
  readonly transport: Pick<Transport, "options">;
  /** Told about each part of a message that Baileys' protobuf does not have; must not throw. */
  readonly unknownWire?: TellUnknown;
  readonly log: Log;
  /** Ends with the socket. */
  readonly signal: AbortSignal;
}

/** Chunks of history with what Baileys could not read in them. */
export interface ReadableHistory {
  /**
   * Hands the chunk on to `take`, with the messages that are empty in it put into words. `notice` is what announced it.
   * Costs a second download, for chunks with an empty message only, one after the other; all others are handed on within
   * this call unless one before them is still being read. A chunk that cannot be had again is handed on as it is. When the
   * socket ends meanwhile, or too many wait, the chunk is dropped, and to be taken as one that never came.
   */
  readonly read: (
    set: HistorySet,
    notice: proto.Message.IHistorySyncNotification | undefined,
    take: (set: HistorySet) => void,
  ) => void;
}

/** Larger files are left as Baileys has read them; bytes. */
const maxBytes = { file: 64 * 1_048_576, history: 256 * 1_048_576 };
const limitMs = 120_000;
/** Chunks in memory at a time. */
const maxWaiting = 8;
const inflated = promisify(inflate);

/**
 * Baileys downloads a history, decodes it and drops what is younger than its protobuf; nothing stands between the file
 * and its decoder. So a message that is left without content is looked up in the file.
 */
export function createReadableHistory(deps: ReadableHistoryDeps): ReadableHistory {
  const { log, signal } = deps;
  let line = Promise.resolve();
  let waiting = 0;

  async function complete(set: HistorySet, notice: proto.Message.IHistorySyncNotification): Promise<HistorySet> {
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
      const file = await historyOf(deps.transport, notice, limit);
      if (file === undefined) return set;
      const found = readableInHistory(file, deps.unknownWire).map((bytes) => proto.WebMessageInfo.decode(bytes));
      const byKey = new Map(found.map((info) => [nameOf(info.key), info.message]));
      return { ...set, messages: set.messages.map((message) => withContent(message, byKey)) };
    } catch (error) {
      if (!signal.aborted) log.warn({ error }, "what is new in a history could not be read");
      return set;
    }
  }

  return {
    read: (set, notice, take) => {
      const isComplete = notice === undefined || !set.messages.some(isEmpty);
      if (isComplete && waiting === 0) return take(set);
      if (waiting >= maxWaiting) return log.warn({ waiting }, "too many chunks of history wait to be read again");
      waiting += 1;
      line = line
        .then(async () => {
          const whole = isComplete || signal.aborted ? set : await complete(set, notice);
          if (!signal.aborted) take(whole);
        })
        // The chunks behind it must not stay with it.
        .catch((error: unknown) => log.error({ error }, "a chunk of history could not be handed on"))
        .finally(() => void (waiting -= 1));
    },
  };
}

/** Whether something that was said is missing: system messages have no content, and what cannot be read has none yet. */
function isEmpty({ message }: WAMessage): boolean {
  if (!message) return false;
  const content = Object.entries(normalizeMessageContent(message) ?? {});
  return content.every(([name, value]) => value === null || value === undefined || name === "messageContextInfo");
}

function withContent(message: WAMessage, byKey: ReadonlyMap<string, proto.IMessage | null | undefined>): WAMessage {
  const content = isEmpty(message) ? byKey.get(nameOf(message.key)) : undefined;
  return content ? Object.assign(message, { message: content }) : message;
}

function nameOf(key: proto.IMessageKey | null | undefined): string {
  return `${key?.remoteJid ?? ""} ${key?.id ?? ""} ${key?.participant ?? ""}`;
}

/** The bytes of the history; undefined when the notice names none, or too many. */
async function historyOf(
  transport: ReadableHistoryDeps["transport"],
  notice: proto.Message.IHistorySyncNotification,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const { initialHistBootstrapInlinePayload: inline, mediaKey } = notice;
  const packed = inline?.length ? inline : mediaKey?.length ? await download(transport, notice, signal) : undefined;
  return packed === undefined ? undefined : await inflated(packed, { maxOutputLength: maxBytes.history });
}

async function download(
  transport: ReadableHistoryDeps["transport"],
  notice: proto.Message.IHistorySyncNotification,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const url = addressOf(notice);
  if (url === undefined) return undefined;
  const { statusCode, body } = await requestFile(transport, url, signal);
  if (statusCode !== 200) {
    await body.dump();
    throw new Error(`the media server answered ${statusCode}`);
  }
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of decryptedMedia(body, await keysOf(notice.mediaKey, "md-msg-hist"))) {
    length += piece.length;
    // Leaving the loop closes the body.
    if (length > maxBytes.file) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
