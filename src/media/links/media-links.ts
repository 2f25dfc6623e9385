import type { CapturedMedia } from "#domain/captured.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { mediaIdOf } from "#store/media-records.ts";
import type { MediaRow, MediaStore } from "#store/media.ts";
import type { Contents } from "../storage/contents.ts";
import type { Arrivals } from "./arrivals.ts";
import { lookOf, mediaPath } from "./media-address.ts";
import type { UrlSigner } from "./sign-url.ts";

/** Where the customer fetches one file of a message. */
interface MediaLink {
  /** Null when the download failed for good. */
  readonly url: string | null;
  /** Why there is no file. */
  readonly error?: string;
}

/** The files of an event as it is delivered. */
export interface LinksInput {
  readonly event: {
    readonly instanceId: string;
    readonly chatId?: string;
    readonly messageId?: string;
    /** Epoch milliseconds. */
    readonly createdAt: number;
  };
  readonly media: readonly CapturedMedia[];
}

/** Links by part, as the deliver stage wants them. */
export interface MediaLinks {
  readonly links: (input: LinksInput, signal: AbortSignal) => Promise<ReadonlyMap<string, MediaLink>>;
}

/** What linking works with. */
export interface MediaLinksDeps {
  readonly media: Pick<MediaStore, "getMany">;
  readonly arrivals: Arrivals;
  readonly contents: Pick<Contents, "presign">;
  readonly signer: UrlSigner;
  readonly clock: Clock;
  readonly log: Log;
}

/** How links look. */
export interface MediaLinksOptions {
  /** Where customers reach this server, without a slash at the end. */
  readonly publicUrl: () => string;
  /** How long signed addresses of this server live, milliseconds. */
  readonly linkMs: number;
  /** How long presigned addresses of the bucket live, milliseconds. */
  readonly presignMs: number;
  /** With a bucket: how long after the event its upload is waited for. 0: never. */
  readonly waitMs: number;
}

/**
 * Links of an event's files. Without a bucket they are addresses of this server at once, whether the file is there yet or
 * not. With one they are presigned when the upload is done within `waitMs` of the event, else addresses of this server,
 * which redirect later.
 */
export function createMediaLinks(deps: MediaLinksDeps, options: MediaLinksOptions): MediaLinks {
  const linkOf = async (row: MediaRow): Promise<MediaLink> => {
    if (row.state === "failed") return { url: null, error: row.lastError ?? "the file cannot be had" };
    try {
      const presigned =
        row.file && (await deps.contents.presign(row.file, { ...lookOf(row), expiresMs: options.presignMs }));
      if (presigned !== undefined) return { url: presigned };
    } catch (error) {
      deps.log.warn({ instanceId: row.instanceId, mediaId: row.mediaId, error }, "file cannot be presigned");
    }
    return { url: options.publicUrl() + deps.signer.sign(mediaPath(row), deps.clock.now() + options.linkMs) };
  };

  return {
    links: async ({ event, media }, signal) => {
      const { instanceId, chatId, messageId, createdAt } = event;
      if (chatId === undefined || messageId === undefined) return new Map();
      const mediaIds = media.map(({ part }) => mediaIdOf({ instanceId, chatId, messageId }, part));
      const deadline = createdAt + options.waitMs;
      if (options.waitMs > 0) {
        const wait = (mediaId: string) => deps.arrivals.wait({ mediaId, isDone: isPlaced, deadline }, signal);
        await Promise.all(mediaIds.map(wait));
      }
      const rows = await deps.media.getMany({ mediaIds });
      return new Map(await Promise.all(rows.map(async (row) => [row.part, await linkOf(row)] as const)));
    },
  };
}

function isPlaced(row: MediaRow): boolean {
  return row.state === "failed" || row.file?.storage === "s3";
}
