import type { Config } from "#config/schema.ts";
import { WazapiError } from "#domain/errors.ts";
import type { OutgoingFile, RemoteOutgoingFile } from "#domain/outgoing/files.ts";
import type { MediaInput, MediaIntake } from "#http/deps.ts";
import type { Log } from "#lib/log.ts";
import type { IngestedMedia } from "#media/ingest.ts";
import type { FfmpegChoice } from "#media/formats/open-formats.ts";
import type { Media, MediaOptions } from "#media/media.ts";
import type { S3Options } from "#media/storage/s3-storage.ts";
import type { MediaStore } from "#store/media.ts";
import type { OutgoingFiles } from "#whatsapp/send/payload.ts";

/** How the media room speaks with what is beside it. */
export interface MediaRoomDeps {
  readonly room: Pick<Media, "ingest" | "localPath">;
  readonly media: Pick<MediaStore, "get">;
  readonly log: Log;
}

/** How long a file that a customer handed in stays when no queued message uses it. */
const outgoingKeepMs = 86_400_000;
const s3ConnectMs = 5_000;
const s3IdleMs = 60_000;

/** The settings in the words of the media room. */
export function mediaOptionsOf(
  config: Config,
  process: Pick<MediaOptions, "owner" | "isOnly" | "instances" | "secretKey"> & { readonly url: () => string },
): MediaOptions {
  const { url, ...rest } = process;
  const { directory, publicUrl, linkMs, waitMs, maxDocumentBytes, s3 } = config.media;
  const bucket = s3OptionsOf(config);
  return {
    ...rest,
    directory,
    publicUrl: () => publicUrl ?? url(),
    ...(bucket === undefined ? {} : { s3: bucket }),
    uploadOutgoing: s3.uploadOutgoing,
    linkMs,
    presignMs: s3.presignMs,
    waitMs,
    outgoingKeepMs,
    maxDocumentBytes,
  };
}

function s3OptionsOf({ media: { s3 } }: Config): S3Options | undefined {
  const { bucket, endpoint, ssl, accessKeyId, secretAccessKey, prefix = "" } = s3;
  if (bucket === undefined) return undefined;
  const scheme = ssl ? "https" : "http";
  return {
    bucket,
    ...(endpoint === undefined
      ? {}
      : { endpoint: /^https?:\/\//i.test(endpoint) ? endpoint : `${scheme}://${endpoint}` }),
    region: s3.region,
    pathStyle: s3.pathStyle,
    ...(accessKeyId === undefined || secretAccessKey === undefined
      ? {}
      : { credentials: { accessKeyId, secretAccessKey } }),
    prefix: prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`,
    connectMs: s3ConnectMs,
    idleMs: s3IdleMs,
  };
}

/** Which ffmpeg the settings mean. */
export function ffmpegChoiceOf({ media: { ffmpeg } }: Config): FfmpegChoice {
  if (ffmpeg === "none") return "never";
  return ffmpeg === "auto" || ffmpeg === "builtin" ? ffmpeg : { path: ffmpeg };
}

/** Takes in what callers of the API hand in; what could not be made of it is told in the log and in the answer. */
export function createIntake({ room, log }: Pick<MediaRoomDeps, "room" | "log">): MediaIntake {
  return {
    ingest: async (input, signal) => {
      const file = outgoingOf(await room.ingest(input, signal));
      const { instanceId, kind } = input;
      if (file.degraded !== undefined) {
        log.info({ instanceId, mediaId: file.mediaId, kind, reason: file.degraded }, "file is sent as it is");
      }
      return file;
    },
  };
}

/** Opens the files of messages that leave: those that lie here, and those that are fetched only now. */
export function createOutgoingFiles(deps: MediaRoomDeps): OutgoingFiles {
  const { ingest } = createIntake(deps);
  return {
    open: async ({ instanceId, kind, file: source }, signal) => {
      const file = "mediaId" in source ? source : await ingest(remoteInput({ instanceId, kind }, source), signal);
      const row = await deps.media.get({ mediaId: file.mediaId });
      if (row === undefined || row.instanceId !== instanceId) throw expired();
      return { path: await deps.room.localPath(row, signal), file };
    },
  };
}

function remoteInput(
  message: Pick<MediaInput, "instanceId" | "kind">,
  { url, fileName, extension, maxBytes, stickerAuthor }: RemoteOutgoingFile,
): MediaInput {
  return {
    ...message,
    source: url,
    ...(fileName === undefined ? {} : { fileName }),
    ...(extension === undefined ? {} : { extension }),
    ...(maxBytes === undefined ? {} : { maxBytes }),
    ...(stickerAuthor === undefined ? {} : { stickerAuthor }),
  };
}

function expired(): WazapiError {
  return new WazapiError("media_rejected", { message: "the file of this message is not kept any more" });
}

/** A file in the words that queue rows hold. */
function outgoingOf({ mediaId, bytes, mimeType, fileName, facts }: IngestedMedia): OutgoingFile {
  const { waveform, thumbnail, degraded, ...plain } = facts;
  return {
    mediaId,
    bytes,
    mimeType,
    ...(fileName === undefined ? {} : { fileName }),
    facts: {
      ...plain,
      ...(waveform === undefined ? {} : { waveform: base64(waveform) }),
      ...(thumbnail === undefined ? {} : { thumbnail: base64(thumbnail) }),
    },
    ...(degraded === undefined ? {} : { degraded }),
  };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
