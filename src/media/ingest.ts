import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "#lib/clock.ts";
import type { MediaKind, MediaStore } from "#store/media.ts";
import { cleanFileName } from "#lib/clean-file-name.ts";
import { documentName } from "./file-name.ts";
import type { Formats, MediaFacts, Prepared } from "./formats/formats.ts";
import { type IngestKind, kindRules } from "./kinds.ts";
import type { Bytes } from "./source/flow.ts";
import { openSource, type SourceDeps } from "./source/open-source.ts";
import { looksLikeHtml, rejected } from "./source/refusals.ts";
import type { LocalStorage, StagedFile } from "./storage/local-storage.ts";
import { typeOfExtension } from "./types/file-type.ts";
import { sniffFile } from "./types/sniff-file.ts";
import { sniffBytes, sniffHead } from "./types/sniff-head.ts";
import { typeOf } from "./types/type-of.ts";

/** What is handed in. */
export interface IngestInput {
  readonly instanceId: string;
  readonly kind: IngestKind;
  /** An http(s) address, a `data:` URI, `wazapi:` and the id of a file handed in before, or base64 where that is taken. */
  readonly source: string;
  readonly bareBase64?: boolean;
  /** The name the customer gives it; it never becomes a path. */
  readonly fileName?: string;
  /** The extension the customer says it has (`send-document/{extension}`). */
  readonly extension?: string;
  /** Less than what its kind allows. */
  readonly maxBytes?: number;
  /** Written into a sticker as its publisher. */
  readonly stickerAuthor?: string;
  /** Names the file inside its message; default `main`. */
  readonly part?: string;
}

/** A file that lies in the storage and has a row. */
export interface IngestedMedia {
  readonly mediaId: string;
  readonly sha256: string;
  readonly bytes: number;
  /** Of what is kept, which may have been converted. */
  readonly mimeType: string;
  readonly fileName?: string;
  /** What a message says about it. */
  readonly facts: MediaFacts;
}

/** What handing in works with. */
export interface IngestDeps extends SourceDeps {
  readonly local: LocalStorage;
  readonly media: Pick<MediaStore, "get" | "keep">;
  readonly formats: Pick<Formats, "prepare">;
  readonly clock: Clock;
}

/** How handing in behaves. */
export interface IngestOptions {
  readonly maxDocumentBytes: number;
  /** How long the file stays when no queued message uses it, milliseconds. */
  readonly keepMs: number;
  /** Whether it goes into the bucket too, for the node that sends it. */
  readonly upload: boolean;
}

/**
 * Takes a file into the storage; it survives a crash when this resolves. Throws `forbidden_address`, `media_rejected`,
 * `payload_too_large`, or the signal's reason.
 */
export type Ingest = (input: IngestInput, signal: AbortSignal) => Promise<IngestedMedia>;

/** The way by which customers' files come in. */
export function createIngest(deps: IngestDeps, options: IngestOptions): Ingest {
  return async (input, signal) => {
    const ofKind = input.kind === "document" ? options.maxDocumentBytes : kindRules[input.kind].maxBytes;
    const maxBytes = Math.min(ofKind, input.maxBytes ?? ofKind);
    await using source = await openSource(deps, { ...input, maxBytes }, signal);
    await using staged = await deps.local.stage(headChecked(input, source.bytes), { maxBytes });
    signal.throwIfAborted();
    if (staged.bytes === 0) throw rejected("the media has 0 bytes");
    const fileName = cleanFileName(input.fileName ?? source.fileName ?? "");
    const extension = input.extension ?? /\.([^.]+)$/.exec(fileName ?? "")?.[1];
    const mimeType = typeOf(input.kind, {
      found: await sniffFile(staged.path),
      ...(extension === undefined ? {} : { named: typeOfExtension(extension) }),
      ...(source.contentType === undefined ? {} : { declared: source.contentType }),
    });
    const { path } = staged;
    const directory = dirname(path);
    const author = input.stickerAuthor === undefined ? {} : { stickerAuthor: input.stickerAuthor };
    await using prepared = await deps.formats.prepare(
      { kind: input.kind, path, mimeType, directory, ...author },
      signal,
    );
    await using taken = await replacementOf(deps.local, { prepared, staged, maxBytes });
    await taken.commit();
    const mediaId = randomBytes(16).toString("hex");
    const { facts, replacement } = prepared;
    const shownAs = input.kind === "document" ? documentName(fileName, { ...input, mimeType }) : fileName;
    const named = shownAs === undefined ? {} : { fileName: shownAs };
    const file = { sha256: taken.sha256, bytes: taken.bytes, mimeType: replacement?.mimeType ?? mimeType };
    const now = deps.clock.now();
    await deps.media.keep({
      media: {
        mediaId,
        instanceId: input.instanceId,
        part: input.part ?? "main",
        kind: input.kind === "profilePicture" ? "image" : (input.kind satisfies MediaKind),
        mimeType: file.mimeType,
        ...named,
        expiresAt: now + options.keepMs,
      },
      file,
      volume: deps.local.volume,
      upload: options.upload,
      now,
    });
    return { mediaId, ...file, ...named, facts };
  };
}

/** The file that is kept: the one that came, or what was made of it. */
async function replacementOf(
  local: LocalStorage,
  input: { readonly prepared: Prepared; readonly staged: StagedFile; readonly maxBytes: number },
): Promise<StagedFile> {
  const { replacement } = input.prepared;
  return replacement === undefined
    ? input.staged
    : await local.stage(createReadStream(replacement.path), { maxBytes: input.maxBytes });
}

/** Looks at the first bytes while the rest is still on its way: a web page is not read to its end. */
async function* headChecked(input: IngestInput, bytes: Bytes): AsyncGenerator<Uint8Array> {
  let head = new Uint8Array(0);
  for await (const piece of bytes) {
    if (head.length < sniffBytes) {
      head = Buffer.concat([head, piece.subarray(0, sniffBytes - head.length)]);
      if (head.length === sniffBytes) refuseHtml(input, sniffHead(head));
    }
    yield piece;
  }
  if (head.length < sniffBytes) refuseHtml(input, sniffHead(head));
}

function refuseHtml({ kind, extension }: IngestInput, type: string | undefined): void {
  const isWanted = kind === "document" && extension !== undefined && typeOfExtension(extension) === "text/html";
  if (type === "text/html" && !isWanted) throw looksLikeHtml();
}
