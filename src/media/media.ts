import { WazapiError } from "#domain/errors.ts";
import type { Clock } from "#lib/clock.ts";
import type { AddressGuard } from "#lib/guard.ts";
import type { Log } from "#lib/log.ts";
import type { sleep } from "#lib/sleep.ts";
import type { MediaFileStore, MediaRow, MediaStore } from "#store/media.ts";
import { createIngest, type Ingest } from "./ingest.ts";
import type { Formats } from "./formats/formats.ts";
import { createArrivals } from "./links/arrivals.ts";
import { createReceive, type Receive } from "./receive.ts";
import { createMediaLinks, type MediaLinks } from "./links/media-links.ts";
import { createServeMedia, defaultServeOptions, type ServeMedia } from "./links/serve-media.ts";
import { createUrlSigner } from "./links/sign-url.ts";
import { createRemoteBytes, type RemoteBytes } from "./source/remote-bytes.ts";
import { createRemote, defaultRemoteOptions } from "./source/remote.ts";
import { type Contents, createContents } from "./storage/contents.ts";
import { openLocalStorage, type LocalStorage } from "./storage/local-storage.ts";
import { openS3Storage, type S3Options, type S3Storage } from "./storage/s3-storage.ts";
import { defaultDownloadOptions, type Downloader, startDownloads } from "./work/download.ts";
import { defaultMediaRetentionOptions, startMediaRetention } from "./work/retention.ts";
import { defaultUploadOptions, startUploads } from "./work/upload.ts";

/** What the room works with. */
export interface MediaDeps {
  readonly media: MediaStore;
  readonly files: MediaFileStore;
  readonly downloader: Downloader;
  readonly formats: Formats;
  /** For the addresses that customers name. */
  readonly guard: AddressGuard;
  readonly clock: Clock;
  readonly sleep: typeof sleep;
  readonly log: Log;
}

/** How the room behaves. */
export interface MediaOptions {
  /** Holds the files; made when it is missing. */
  readonly directory: string;
  /** Names this process on its claims. */
  readonly owner: string;
  /** Frees the claims of every other process at the start: for the one that has just become the only one. */
  readonly isOnly: boolean;
  /** Instances whose sessions live here; undefined: all of them. */
  readonly instances?: () => readonly string[];
  /** Signs addresses. */
  readonly secretKey: Uint8Array;
  /** Where customers reach this server, without a slash at the end. */
  readonly publicUrl: () => string;
  readonly s3?: S3Options;
  /** Whether files to be sent go into the bucket too: for nodes that share no disk. */
  readonly uploadOutgoing: boolean;
  /** Milliseconds each. */
  readonly linkMs: number;
  readonly presignMs: number;
  readonly waitMs: number;
  /** How long a file that a customer handed in stays when no queued message uses it, milliseconds. */
  readonly outgoingKeepMs: number;
  readonly maxDocumentBytes: number;
}

/** The room at work. Disposing stops its workers and gives back what they had in hand; rows and files stay. */
export interface Media extends AsyncDisposable {
  /** Takes in files that customers hand in. */
  readonly ingest: Ingest;
  /** Takes in files before it is known what they are for. */
  readonly receive: Receive;
  /** Fetches small files into memory. */
  readonly remoteBytes: RemoteBytes;
  /** Links for webhooks. */
  readonly links: MediaLinks;
  /** Answers `GET /media/…`. */
  readonly serve: ServeMedia;
  readonly contents: Contents;
  /** A file of a row on this disk, fetched from the bucket when it is only there: for programs that read files. */
  readonly localPath: (row: MediaRow, signal: AbortSignal) => Promise<string>;
  readonly local: LocalStorage;
  readonly s3: S3Storage | undefined;
  /** Rows to fetch, or to upload, have been written. */
  readonly wake: () => void;
}

/** How long a customer's line may be silent while a file comes in. */
const receiveIdleMs = 60_000;

/** Opens the storage and starts the workers. Throws when the directory cannot be used; makes no request to S3. */
export async function startMedia(deps: MediaDeps, options: MediaOptions, signal: AbortSignal): Promise<Media> {
  await using parts = new AsyncDisposableStack();
  const log = deps.log.child({ component: "media" });
  const common = { ...deps, log };
  const local = await openLocalStorage(deps, options.directory);
  const s3 = options.s3 === undefined ? undefined : parts.use(await openS3Storage(deps, options.s3));
  const remote = createRemote(deps, defaultRemoteOptions);
  const arrivals = createArrivals(deps);
  const contents = createContents({ local, s3 });
  const signer = createUrlSigner(options.secretKey);
  if (options.isOnly) await deps.media.releaseOthers({ owner: options.owner, now: deps.clock.now() });
  const { owner } = options;
  parts.use(startMediaRetention({ ...common, local, s3 }, { ...defaultMediaRetentionOptions, owner }, signal));
  const uploads =
    s3 === undefined
      ? undefined
      : parts.use(startUploads({ ...common, local, s3, arrivals }, { ...defaultUploadOptions, owner }, signal));
  const downloads = parts.use(
    startDownloads(
      { ...common, local, arrivals, stored: () => uploads?.wake() },
      {
        ...defaultDownloadOptions,
        owner,
        upload: s3 !== undefined,
        ...(options.instances === undefined ? {} : { instances: options.instances }),
      },
      signal,
    ),
  );
  const handedIn = { keepMs: options.outgoingKeepMs, upload: s3 !== undefined && options.uploadOutgoing };
  const { maxDocumentBytes } = options;
  const ingest = createIngest({ ...deps, remote, local, contents }, { ...handedIn, maxDocumentBytes });
  const receive = createReceive({ ...deps, local }, { ...handedIn, maxBytes: maxDocumentBytes, idleMs: receiveIdleMs });
  const stopping = new AbortController();
  parts.defer(() => stopping.abort());
  const linkOptions = { ...options, waitMs: s3 === undefined ? 0 : options.waitMs };
  const owned = parts.move();
  return {
    ingest: async (input, until) => {
      const taken = await ingest(input, until);
      uploads?.wake();
      return taken;
    },
    receive: async (input, until) => {
      const received = await receive(input, until);
      uploads?.wake();
      return received;
    },
    remoteBytes: createRemoteBytes(remote),
    links: createMediaLinks({ ...common, arrivals, contents, signer }, linkOptions),
    serve: createServeMedia({ ...common, arrivals, contents, signer, stopping: stopping.signal }, defaultServeOptions),
    contents,
    localPath: async (row, until) => fetchHere({ local, contents }, row, until),
    local,
    s3,
    wake: () => {
      downloads.wake();
      uploads?.wake();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function fetchHere(
  deps: { readonly local: LocalStorage; readonly contents: Contents },
  row: MediaRow,
  signal: AbortSignal,
): Promise<string> {
  const { file } = row;
  if (file === undefined) throw new WazapiError("unavailable", { message: "the file is not there yet" });
  if (!(await deps.local.touch(file.sha256))) {
    const bytes = await deps.contents.read(file, undefined, signal);
    await using staged = await deps.local.stage(bytes, { maxBytes: file.bytes });
    if (staged.sha256 !== file.sha256)
      throw new WazapiError("unavailable", { message: "the bucket sent a damaged file" });
    await staged.commit();
  }
  return deps.local.pathOf(file.sha256);
}
