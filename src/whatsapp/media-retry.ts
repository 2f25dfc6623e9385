import {
  type BaileysEventMap,
  decryptMediaRetryData,
  encryptMediaRetryRequest,
  proto,
  type WAMessageKey,
} from "@whiskeysockets/baileys";
import { WazapiError } from "#domain/errors.ts";
import type { LiveSocket } from "./live-socket.ts";

/** Where the phone has put the file now; `missing`: it does not have it either. */
export type MediaRetryAnswer = { readonly directPath: string } | "missing";

/** WhatsApp protocol: results of a media retry. */
const { SUCCESS, NOT_FOUND } = proto.MediaRetryNotification.ResultType;

/**
 * Asks the own phone to upload the file of a message once more, and waits for its answer. Throws `not_connected` when the
 * socket closes, the signal's reason, and an error when the phone cannot do it now.
 */
export async function askPhoneForMedia(
  { sock, own, questions }: Pick<LiveSocket, "sock" | "own" | "questions">,
  file: { readonly key: WAMessageKey; readonly mediaKey: Uint8Array },
  signal: AbortSignal,
): Promise<MediaRetryAnswer> {
  const { key, mediaKey } = file;
  const id = own()?.id;
  if (id === undefined) throw new WazapiError("not_connected");
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<MediaRetryAnswer>();
  const answered = (updates: BaileysEventMap["messages.media-update"]): void => {
    const update = updates.find((one) => one.key.id === key.id && one.key.fromMe === (key.fromMe === true));
    if (update === undefined) return;
    questions.answered(key.id ?? "");
    try {
      resolve(answerOf(update, { messageId: key.id ?? "", mediaKey }));
    } catch (error) {
      reject(error);
    }
  };
  const closed = ({ connection }: BaileysEventMap["connection.update"]): void => {
    if (connection === "close") reject(new WazapiError("not_connected"));
  };
  const aborted = (): void => reject(signal.reason);
  sock.ev.on("messages.media-update", answered);
  sock.ev.on("connection.update", closed);
  signal.addEventListener("abort", aborted, { once: true });
  try {
    // Its failure is that of the question; either may come first.
    const sending = sock.sendNode(encryptMediaRetryRequest(key, mediaKey, id));
    questions.asked("media", key.id ?? "");
    const [answer] = await Promise.all([promise, sending]);
    return answer;
  } finally {
    sock.ev.off("messages.media-update", answered);
    sock.ev.off("connection.update", closed);
    signal.removeEventListener("abort", aborted);
  }
}

function answerOf(
  { error, media }: BaileysEventMap["messages.media-update"][number],
  file: { readonly messageId: string; readonly mediaKey: Uint8Array },
): MediaRetryAnswer {
  if (error !== undefined) {
    if (error.output.statusCode === notFound) return "missing";
    throw new Error("the phone could not upload the file again", { cause: error });
  }
  if (media === undefined) throw new Error("the phone answered without an address");
  const { result, directPath } = decryptMediaRetryData(media, file.mediaKey, file.messageId);
  if (result === NOT_FOUND) return "missing";
  if (result !== SUCCESS || !directPath) throw new Error("the phone could not upload the file again");
  return { directPath };
}

const notFound = 404;
