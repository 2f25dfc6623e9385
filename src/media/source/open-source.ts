import type { MediaStore } from "#store/media.ts";
import type { Contents } from "../storage/contents.ts";
import type { Bytes } from "./flow.ts";
import { bareBase64, parseDataUri } from "./data-uri.ts";
import { rejected } from "./refusals.ts";
import type { Remote } from "./remote.ts";

/** What a customer handed in, opened. Disposing ends what still runs. */
export interface OpenSource extends AsyncDisposable {
  readonly bytes: Bytes;
  /** As the customer or the server declared it. */
  readonly contentType?: string;
  readonly fileName?: string;
}

/** Where files come from. */
export interface SourceDeps {
  readonly remote: Remote;
  /** Files that were handed in before. */
  readonly media: Pick<MediaStore, "get">;
  readonly contents: Pick<Contents, "read">;
}

/** What is to be opened. */
interface SourceInput {
  readonly instanceId: string;
  /** An http(s) address, a `data:` URI, `wazapi:` and the id of a file handed in before, or base64 where that is taken. */
  readonly source: string;
  readonly maxBytes: number;
  /** Takes base64 without anything before it. */
  readonly bareBase64?: boolean;
}

/** Opens what Z-API takes as a file. Throws `forbidden_address`, `media_rejected`, `payload_too_large`. */
export async function openSource(deps: SourceDeps, input: SourceInput, signal: AbortSignal): Promise<OpenSource> {
  const inline = parseDataUri(input.source);
  if (inline !== undefined) return { ...inline, [Symbol.asyncDispose]: async () => {} };
  const source = input.source.trim();
  if (source === "") throw rejected("the media is empty");
  const mediaId = /^wazapi:(.*)$/is.exec(source)?.[1];
  if (mediaId !== undefined) return await openHeld(deps, { mediaId, instanceId: input.instanceId }, signal);
  if (/^[a-z][a-z\d+.-]*:/i.test(source)) {
    return await deps.remote.open({ url: source, maxBytes: input.maxBytes }, signal);
  }
  if (input.bareBase64 === true) return { ...bareBase64(source), [Symbol.asyncDispose]: async () => {} };
  throw rejected("the media is neither an http(s) address nor a data URI");
}

/** A file handed in before, of the same instance: of others nobody learns whether they exist. */
async function openHeld(
  deps: Pick<SourceDeps, "media" | "contents">,
  { mediaId, instanceId }: { readonly mediaId: string; readonly instanceId: string },
  signal: AbortSignal,
): Promise<OpenSource> {
  const row = await deps.media.get({ mediaId });
  if (row === undefined || row.instanceId !== instanceId || row.direction !== "out" || row.file === undefined) {
    throw rejected("this instance has no file of this id, or not any more");
  }
  const bytes = await deps.contents.read(row.file, undefined, signal);
  return {
    bytes,
    contentType: row.mimeType,
    ...(row.fileName === undefined ? {} : { fileName: row.fileName }),
    [Symbol.asyncDispose]: async () => void bytes.destroy(),
  };
}
