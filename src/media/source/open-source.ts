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

/** What is to be opened. */
interface SourceInput {
  /** An http(s) address, a `data:` URI, or base64 where that is taken. */
  readonly source: string;
  readonly maxBytes: number;
  /** Takes base64 without anything before it. */
  readonly bareBase64?: boolean;
}

/** Opens what Z-API takes as a file. Throws `forbidden_address`, `media_rejected`, `payload_too_large`. */
export async function openSource(
  deps: { readonly remote: Remote },
  input: SourceInput,
  signal: AbortSignal,
): Promise<OpenSource> {
  const inline = parseDataUri(input.source);
  if (inline !== undefined) return { ...inline, [Symbol.asyncDispose]: async () => {} };
  const source = input.source.trim();
  if (source === "") throw rejected("the media is empty");
  if (/^[a-z][a-z\d+.-]*:/i.test(source)) {
    return await deps.remote.open({ url: source, maxBytes: input.maxBytes }, signal);
  }
  if (input.bareBase64 === true) return { ...bareBase64(source), [Symbol.asyncDispose]: async () => {} };
  throw rejected("the media is neither an http(s) address nor a data URI");
}
