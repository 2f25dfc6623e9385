import { WazapiError } from "#domain/errors.ts";

/**
 * The JSON body of a request; `{}` when there is none. Throws `unsupported_media_type`, `payload_too_large`,
 * `invalid_json`. At most `maxBytes` are held in memory.
 */
export async function readJsonBody(request: Request, maxBytes: number): Promise<unknown> {
  const declared = request.headers.get("content-length");
  const chunked = declared === null && request.body !== null;
  if (!chunked && (declared === null || declared === "0")) return {};
  const type = request.headers.get("content-type");
  // `curl -X POST` without data says nothing about a body, and there is none.
  const maybeNone = chunked && type === null;
  if (!isJson(type) && !maybeNone) throw new WazapiError("unsupported_media_type");
  if (Number(declared) > maxBytes) throw tooLarge(maxBytes);
  // A declared length is enforced by the HTTP parser, so only a chunked body has to be counted.
  const text = await (chunked ? readCounted(request, maxBytes) : readWhole(request));
  if (text.trim() === "") return {};
  if (maybeNone) throw new WazapiError("unsupported_media_type");
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new WazapiError("invalid_json", { cause });
  }
}

function isJson(contentType: string | null): boolean {
  if (contentType === null) return false;
  if (contentType === "application/json") return true;
  return /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(contentType.trim());
}

async function readWhole(request: Request): Promise<string> {
  try {
    return await request.text();
  } catch (cause) {
    throw cutOff(cause);
  }
}

async function readCounted(request: Request, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) break;
      chunks.push(chunk);
    }
  } catch (cause) {
    throw cutOff(cause);
  }
  // What still comes is not read any more, so the connection cannot be used again.
  if (bytes > maxBytes) throw tooLarge(maxBytes, { closesConnection: true });
  return Buffer.concat(chunks).toString("utf8");
}

/** The caller hung up: nobody reads the answer, and it is no fault of ours. */
function cutOff(cause: unknown): WazapiError {
  return new WazapiError("invalid_request", { message: "the body ended before its end", cause });
}

function tooLarge(maxBytes: number, details: Record<string, unknown> = {}): WazapiError {
  return new WazapiError("payload_too_large", { message: `the body is larger than ${maxBytes} bytes`, details });
}
