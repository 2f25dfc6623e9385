import { WazapiError } from "#domain/errors.ts";

const limitMs = 10_000;
const maxBytes = 4 * 1024 * 1024;
/** Most of the text between two pieces that the number could be split over. */
const overlap = 64;

/** WhatsApp protocol: the script of WhatsApp Web's service worker names the revision; quotes in it may be escaped. */
const revisionPattern = /\\?"client_revision\\?":\s*(\d{6,12})\b/;

/**
 * Reads the revision of the present WhatsApp Web: the last part of its version. Never leaves this one address, reads no
 * more than 4 MiB and no longer than 10 s. Throws `unavailable` with the reason.
 */
export async function fetchRevision(url: string, signal: AbortSignal): Promise<number> {
  try {
    const response = await fetch(url, {
      redirect: "error",
      // Without these the real host answers another page.
      headers: { "sec-fetch-site": "none", "user-agent": browser },
      signal: AbortSignal.any([signal, AbortSignal.timeout(limitMs)]),
    });
    if (!response.ok || response.body === null) throw new Error(`it answered ${response.status}`);
    return await revisionIn(response.body);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new WazapiError("unavailable", {
      message: `the version of WhatsApp Web could not be read: ${reason}`,
      cause,
    });
  }
}

/** A browser on the system that devices are called after. */
const browser =
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";

/** Reads until the number is there; the rest is not fetched. */
async function revisionIn(body: ReadableStream<Uint8Array>): Promise<number> {
  const decoder = new TextDecoder();
  let size = 0;
  let tail = "";
  for await (const piece of body) {
    size += piece.length;
    if (size > maxBytes) throw new Error("it is too long");
    const text = tail + decoder.decode(piece, { stream: true });
    const found = revisionPattern.exec(text);
    // At the very end of a piece there could be more digits in the next one.
    if (found?.[1] !== undefined && found.index + found[0].length < text.length) return Number(found[1]);
    tail = text.slice(-overlap);
  }
  const found = revisionPattern.exec(tail);
  if (found?.[1] === undefined) throw new Error("it names no version");
  return Number(found[1]);
}
