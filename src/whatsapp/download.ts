import { getUrlFromDirectPath, proto, type MediaType } from "@whiskeysockets/baileys";
import { WazapiError } from "#domain/errors.ts";
import { isNewsletterJid } from "#domain/jid.ts";
import type { MediaRow } from "#store/media.ts";
import type { MessageStore } from "#store/messages.ts";
import type { StoredMessage } from "#store/records.ts";
import type { LiveSocket } from "./live-socket.ts";
import { decryptedMedia } from "./media-cipher.ts";
import { addressOf, keysOf, requestFile } from "./media-request.ts";
import { askPhoneForMedia } from "./media-retry.ts";
import type { Transport } from "./transport.ts";

/** A file as a stored message describes it. */
export type MessageFile =
  | {
      readonly kind: "download";
      readonly type: MediaType;
      readonly file: {
        readonly url?: string | null;
        readonly directPath?: string | null;
        readonly mediaKey?: Uint8Array | null;
        readonly fileSha256?: Uint8Array | null;
      };
    }
  | { readonly kind: "inline"; readonly bytes: Uint8Array };

/** Reads and changes the files in stored messages (encoded `WebMessageInfo`). */
export interface MessageFiles {
  readonly find: (encoded: Uint8Array, part: string) => MessageFile | undefined;
  readonly move: (
    encoded: Uint8Array,
    moved: { readonly part: string; readonly directPath: string; readonly url: string },
  ) => Uint8Array | undefined;
}

/** What fetching files of messages works with. */
export interface FileDownloadDeps {
  readonly messages: Pick<MessageStore, "get" | "put">;
  readonly transport: Transport;
  readonly files: MessageFiles;
  /** The open socket of an instance. */
  readonly socketOf: (instanceId: string) => LiveSocket | undefined;
}

/** What came of asking for a file. */
export type FileAnswer =
  | { readonly kind: "bytes"; readonly bytes: AsyncIterable<Uint8Array>; readonly sha256?: string }
  | { readonly kind: "gone" }
  | { readonly kind: "offline" }
  | { readonly kind: "impossible"; readonly reason: string };

/** The files of received messages. */
export interface FileDownloads {
  /**
   * Asks WhatsApp's media servers for the file of a row. The bytes are plain; their MAC is checked at their end and
   * `sha256` is what they must hash to. `gone`: the phone may have it, and can be asked; `offline`: could be, were the
   * instance connected. Throws for what may pass.
   */
  readonly download: (row: MediaRow, signal: AbortSignal) => Promise<FileAnswer>;
  /** Whether the phone uploaded it again; false when it does not have it either. Throws when it did not answer. */
  readonly askAgain: (row: MediaRow, signal: AbortSignal) => Promise<boolean>;
}

/** WhatsApp protocol: what its media servers answer for files they do not have any more, or not under this address. */
const goneStatuses: ReadonlySet<number> = new Set([403, 404, 410]);

/** Fetches the files of stored messages over the transport of the sessions. */
export function createFileDownloads(deps: FileDownloadDeps): FileDownloads {
  const stored = async ({ instanceId, chatId, messageId }: MediaRow): Promise<StoredMessage | undefined> => {
    if (messageId === undefined) return undefined;
    const named = { instanceId, messageId };
    const here = chatId === undefined ? undefined : await deps.messages.get({ ...named, chatId });
    // Own messages may be stored under another address of the same chat.
    return here ?? (await deps.messages.get(named));
  };

  return {
    download: async (row, signal) => {
      const message = await stored(row);
      if (message === undefined) return { kind: "impossible", reason: "the message is not kept any more" };
      const source = deps.files.find(message.proto, row.part);
      if (source === undefined) return { kind: "impossible", reason: "the message has no such file" };
      if (source.kind === "inline") return { kind: "bytes", bytes: once(source.bytes) };
      const { file, type } = source;
      const url = addressOf(file);
      if (url === undefined) return { kind: "impossible", reason: "the message says not where its file is" };
      // WhatsApp protocol: channels are public, and their files are not encrypted.
      const isPlain = isNewsletterJid(message.chatId) && !file.mediaKey?.length;
      if (!isPlain && !file.mediaKey?.length)
        return { kind: "impossible", reason: "the message has no key of its file" };
      const { statusCode, body } = await requestFile(deps.transport, url, signal);
      if (statusCode !== 200) {
        await body.dump();
        if (!goneStatuses.has(statusCode)) throw new Error(`the media server answered ${statusCode}`);
        return isPlain || deps.socketOf(row.instanceId) !== undefined ? { kind: "gone" } : { kind: "offline" };
      }
      const hash = file.fileSha256?.length === 32 ? { sha256: Buffer.from(file.fileSha256).toString("hex") } : {};
      if (isPlain) return { kind: "bytes", bytes: body, ...hash };
      return { kind: "bytes", bytes: decryptedMedia(body, await keysOf(file.mediaKey, type)), ...hash };
    },
    askAgain: async (row, signal) => {
      const socket = deps.socketOf(row.instanceId);
      if (socket === undefined) throw new WazapiError("not_connected");
      const message = await stored(row);
      const source = message && deps.files.find(message.proto, row.part);
      if (message === undefined || source?.kind !== "download" || !source.file.mediaKey?.length) return false;
      const { key } = proto.WebMessageInfo.decode(message.proto);
      if (!key) return false;
      const answer = await askPhoneForMedia(socket, { key, mediaKey: source.file.mediaKey }, signal);
      if (answer === "missing") return false;
      const { directPath } = answer;
      const moved = deps.files.move(message.proto, {
        part: row.part,
        directPath,
        url: getUrlFromDirectPath(directPath),
      });
      if (moved === undefined) return false;
      await deps.messages.put({ messages: [{ ...message, proto: moved }] });
      return true;
    },
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
