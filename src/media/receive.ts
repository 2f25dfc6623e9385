import { createHash } from "node:crypto";
import type { Clock } from "#lib/clock.ts";
import type { sleep } from "#lib/sleep.ts";
import type { MediaStore } from "#store/media.ts";
import { WazapiError } from "#domain/errors.ts";
import { cleanFileName } from "#lib/clean-file-name.ts";
import { type Bytes, flowing, StalledError } from "./source/flow.ts";
import { rejected } from "./source/refusals.ts";
import type { LocalStorage } from "./storage/local-storage.ts";
import { typeOfExtension } from "./types/file-type.ts";
import { sniffFile } from "./types/sniff-file.ts";
import { typeOf } from "./types/type-of.ts";

/** A file as it comes in, to be sent later. */
export interface ReceiveInput {
  readonly instanceId: string;
  readonly bytes: Bytes;
  /** As the customer declared it. */
  readonly contentType?: string;
  /** The name the customer gives it; it never becomes a path. */
  readonly fileName?: string;
}

/** A file that waits to be used under its id. */
export interface ReceivedMedia {
  /** The same for the same file of an instance, so that whoever repeats a request repeats its body too. */
  readonly mediaId: string;
  /** As the content says. */
  readonly mimeType: string;
  readonly bytes: number;
  readonly fileName?: string;
  /** Epoch milliseconds at which it may go. */
  readonly expiresAt: number;
}

/**
 * Writes a file into the storage as it comes; it survives a crash when this resolves. Throws `payload_too_large`,
 * `media_rejected` for an empty one, and `invalid_request` for one that breaks off, stalls, or is aborted.
 */
export type Receive = (input: ReceiveInput, signal: AbortSignal) => Promise<ReceivedMedia>;

/** The way by which customers' files come in before it is known what they are for. */
export function createReceive(
  deps: {
    readonly local: LocalStorage;
    readonly media: Pick<MediaStore, "keep">;
    readonly clock: Clock;
    readonly sleep: typeof sleep;
  },
  options: {
    readonly maxBytes: number;
    /** How long it stays when it is not used, milliseconds. */
    readonly keepMs: number;
    /** How long nothing may come, milliseconds. */
    readonly idleMs: number;
    /** Whether it goes into the bucket too. */
    readonly upload: boolean;
  },
): Receive {
  return async ({ instanceId, bytes, contentType, fileName: given = "" }, signal) => {
    const coming = wholly(flowing(deps, { bytes, idleMs: options.idleMs }, signal));
    await using staged = await deps.local.stage(coming, { maxBytes: options.maxBytes });
    if (staged.bytes === 0) throw rejected("the media has 0 bytes");
    const fileName = cleanFileName(given);
    const extension = /\.([^.]+)$/.exec(fileName ?? "")?.[1];
    const mimeType = typeOf("document", {
      found: await sniffFile(staged.path),
      ...(extension === undefined ? {} : { named: typeOfExtension(extension) }),
      ...(contentType === undefined ? {} : { declared: contentType }),
    });
    const mediaId = idOf({ instanceId, sha256: staged.sha256, mimeType, fileName });
    const named = fileName === undefined ? {} : { fileName };
    const now = deps.clock.now();
    const expiresAt = now + options.keepMs;
    await staged.commit();
    await deps.media.keep({
      media: { mediaId, instanceId, part: "main", kind: "document", mimeType, ...named, expiresAt },
      file: { sha256: staged.sha256, bytes: staged.bytes, mimeType },
      volume: deps.local.volume,
      upload: options.upload,
      now,
    });
    return { mediaId, mimeType, bytes: staged.bytes, ...named, expiresAt };
  };
}

/** Tells of a body that ended early as the caller's failure; what else fails stays as it is. */
async function* wholly(bytes: Bytes): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (cause) {
    const message = cause instanceof StalledError ? "the body stopped coming" : "the body ended before its end";
    throw new WazapiError("invalid_request", { message, details: { closesConnection: true }, cause });
  }
}

function idOf(file: {
  readonly instanceId: string;
  readonly sha256: string;
  readonly mimeType: string;
  readonly fileName: string | undefined;
}): string {
  const facts = JSON.stringify([file.instanceId, file.sha256, file.mimeType, file.fileName ?? ""]);
  return createHash("sha256").update(facts).digest("hex").slice(0, 32);
}
