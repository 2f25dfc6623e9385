import type { Config } from "#config/schema.ts";
import { WazapiError } from "#domain/errors.ts";
import type { OutgoingFile, RemoteOutgoingFile } from "#domain/outgoing/files.ts";
import type { HttpDeps, MediaInput, MediaIntake } from "#http/deps.ts";
import type { Clock } from "#lib/clock.ts";
import type { AddressGuard } from "#lib/guard.ts";
import type { Log } from "#lib/log.ts";
import { sleep } from "#lib/sleep.ts";
import { type FfmpegChoice, openFormats } from "#media/formats/open-formats.ts";
import type { IngestedMedia } from "#media/ingest.ts";
import { mediaPrefix } from "#media/links/media-address.ts";
import { type Media, type MediaOptions, startMedia } from "#media/media.ts";
import type { S3Options } from "#media/storage/s3-storage.ts";
import type { Store } from "#store/store.ts";
import type { OutgoingFiles } from "#whatsapp/send/payload.ts";
import type { Engine, EngineDeps } from "./engine.ts";

/** What the media room of a server works with. Whoever opened the store closes it, after the room. */
export interface MediaRoomDeps {
  readonly store: Pick<Store, "media" | "mediaFiles">;
  /** Name of this process on claims. */
  readonly owner: string;
  readonly guard: AddressGuard;
  readonly clock: Clock;
  readonly log: Log;
  /** Where this server listens. */
  readonly url: () => string;
  /** Fetches files of received messages; until there is one they wait. */
  readonly engine: () => Pick<Engine, "downloads" | "sessions"> | undefined;
}

/** The media room joined to the rest. Disposing stops its workers; rows and files stay. */
export interface MediaRoom extends AsyncDisposable {
  readonly engine: EngineDeps["media"];
  readonly http: Pick<HttpDeps, "remoteFile" | "media" | "mediaFiles">;
}

/** Opens the room as the settings say. Throws when its directory cannot be used, or the signal's reason. */
export async function openMediaRoom(
  deps: MediaRoomDeps,
  { config, secretKey }: { readonly config: Config; readonly secretKey: Uint8Array },
  signal: AbortSignal,
): Promise<MediaRoom> {
  const { store, owner, guard, clock, engine } = deps;
  const log = deps.log.child({ component: "media" });
  // One process at a time works on a database in the data directory; several may share Postgres.
  const isOnly = config.store.postgresDsn === undefined;
  const options = mediaOptionsOf(config, {
    owner,
    isOnly,
    secretKey,
    url: deps.url,
    ...(isOnly ? {} : { instances: () => engine()?.sessions.owned() ?? [] }),
  });
  const formats = await openFormats({ log }, ffmpegChoiceOf(config));
  signal.throwIfAborted();
  const room = await startMedia(
    {
      media: store.media,
      files: store.mediaFiles,
      downloader: {
        download: async (row, until) => (await engine()?.downloads.download(row, until)) ?? { kind: "offline" },
        askAgain: async (row, until) => {
          const downloads = engine()?.downloads;
          if (downloads === undefined) throw new WazapiError("not_connected");
          return await downloads.askAgain(row, until);
        },
      },
      formats,
      guard,
      clock,
      sleep,
      log: deps.log,
    },
    options,
    // It ends when it is disposed, in its turn of the shutdown.
    new AbortController().signal,
  );
  const media = createIntake({ room, log, maxBytes: options.maxDocumentBytes });
  return {
    engine: { links: room.links, files: createOutgoingFiles({ room, store, media }), wake: room.wake },
    http: {
      remoteFile: room.remoteBytes,
      media,
      mediaFiles: {
        serve: room.serve,
        stats: async () => ({
          ...(await store.mediaFiles.stats()),
          directory: options.directory,
          linkMs: options.linkMs,
          baseUrl: options.publicUrl() + mediaPrefix,
          converter: formats.capabilities().ffmpeg?.kind ?? "none",
        }),
      },
    },
    [Symbol.asyncDispose]: () => room[Symbol.asyncDispose](),
  };
}

/** How long a file that a customer handed in stays when no queued message uses it. */
const outgoingKeepMs = 86_400_000;
const s3ConnectMs = 5_000;
const s3IdleMs = 60_000;

/** The settings in the words of the media room. */
function mediaOptionsOf(
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

/** The bucket of the settings; undefined when they name none. */
export function s3OptionsOf({ media: { s3 } }: Config): S3Options | undefined {
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
function createIntake(deps: {
  readonly room: Pick<Media, "ingest" | "receive">;
  readonly log: Log;
  readonly maxBytes: number;
}): MediaIntake {
  const { room, log, maxBytes } = deps;
  return {
    maxBytes,
    receive: room.receive,
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
function createOutgoingFiles(deps: {
  readonly room: Pick<Media, "localPath">;
  readonly store: Pick<Store, "media">;
  readonly media: MediaIntake;
}): OutgoingFiles {
  const { ingest } = deps.media;
  return {
    open: async ({ instanceId, kind, file: source }, signal) => {
      const file = "mediaId" in source ? source : await ingest(remoteInput({ instanceId, kind }, source), signal);
      const row = await deps.store.media.get({ mediaId: file.mediaId });
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
