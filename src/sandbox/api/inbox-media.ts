import { createHash } from "node:crypto";
import { mediaPart, unwrap, type MediaMessageKind } from "../content/describe.ts";
import { messageOfJson } from "../content/proto-json.ts";
import type { InboxEntry, MessageMedia } from "../shown.ts";
import type { SandboxControl } from "../control.ts";
import { decryptMedia, type Bytes } from "../media/media-crypto.ts";
import { SandboxError } from "../sandbox-error.ts";

/** Where encrypted files are read from. */
export interface MediaSource {
  open(directPath: string): { readonly bytes: Bytes } | undefined;
}

/** A received file, decrypted while it is read. */
export interface InboxFile {
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly mimetype: string;
  readonly fileName?: string;
  readonly fileLength?: number;
}

/** Looks into the media of received messages. */
export interface InboxMedia {
  /** The entries with `verified` (and `error`) in their media. Each file is decrypted once. */
  inspect(entries: readonly InboxEntry[]): Promise<readonly InboxEntry[]>;
  /** The file with this SHA-256 (hex, base64 or base64url) that some contact received. Throws `not_found`. */
  open(sha256: string, signal: AbortSignal): Promise<InboxFile>;
}

interface Reference {
  readonly kind: MediaMessageKind;
  readonly mediaKey: Uint8Array;
  readonly directPath: string;
  readonly media: MessageMedia;
}

/** Most files remembered; the oldest is then looked up or checked again. */
const maxFiles = 10_000;

/** Without a source (the media live elsewhere), entries stay as they are and files are not found. */
export function createInboxMedia(control: SandboxControl, source: MediaSource | undefined): InboxMedia {
  const references = new Map<string, Reference>();
  const checks = new Map<string, Promise<Partial<MessageMedia>>>();

  const learn = (entry: InboxEntry): Reference | undefined => {
    const reference = referenceOf(entry);
    // The same file may have been sent twice and one copy be gone: only a stored one is worth remembering.
    if (reference?.media.sha256 !== undefined && source?.open(reference.directPath) !== undefined) {
      remember(references, reference.media.sha256, reference);
    }
    return reference;
  };
  const check = async (sourceOfBytes: MediaSource, reference: Reference): Promise<Partial<MessageMedia>> => {
    const key = `${reference.directPath} ${reference.media.sha256}`;
    const known = checks.get(key);
    if (known !== undefined) return known;
    const fresh = verify(sourceOfBytes, reference);
    remember(checks, key, fresh);
    return fresh;
  };

  return {
    async inspect(entries) {
      if (source === undefined) return entries;
      const inspected: InboxEntry[] = [];
      // One after the other: a page of large files must not be decrypted all at once.
      for (const entry of entries) {
        const reference = learn(entry);
        const found = reference === undefined ? undefined : await check(source, reference);
        inspected.push(found === undefined ? entry : { ...entry, media: { kind: "", ...entry.media, ...found } });
      }
      return inspected;
    },
    async open(sha256, signal) {
      const wanted = canonicalHash(sha256);
      if (!references.has(wanted)) {
        for (const { number } of control.state().contacts) {
          for (const entry of await control.inbox({ number }, signal)) learn(entry);
        }
      }
      const reference = references.get(wanted);
      const stored = reference && source?.open(reference.directPath);
      if (reference === undefined || stored === undefined) {
        throw new SandboxError("not_found", "no contact received a file with this SHA-256, or it is no longer stored");
      }
      const { mimetype, fileName, fileLength } = reference.media;
      return {
        bytes: decryptMedia(stored.bytes, reference.kind, reference.mediaKey),
        mimetype: mimetype ?? "application/octet-stream",
        ...(fileName !== undefined && { fileName }),
        ...(fileLength !== undefined && { fileLength }),
      };
    },
  };
}

function referenceOf(entry: InboxEntry): Reference | undefined {
  if (entry.media === undefined) return undefined;
  const found = mediaPart(unwrap(messageOfJson(entry.content)));
  if (!found?.part.mediaKey || !found.part.directPath) return undefined;
  const { mediaKey, directPath } = found.part;
  return { kind: found.kind, mediaKey, directPath, media: entry.media };
}

async function verify(source: MediaSource, reference: Reference): Promise<Partial<MessageMedia>> {
  const stored = source.open(reference.directPath);
  if (stored === undefined) return { verified: false, error: "the media server does not have the file" };
  const hash = createHash("sha256");
  let length = 0;
  try {
    for await (const piece of decryptMedia(stored.bytes, reference.kind, reference.mediaKey)) {
      hash.update(piece);
      length += piece.length;
    }
  } catch (error) {
    // A file that cannot be decrypted is what the caller asks about, not a failure of the asking.
    return { verified: false, error: error instanceof Error ? error.message : String(error) };
  }
  if (hash.digest("base64") !== reference.media.sha256) return { verified: false, error: "the SHA-256 differs" };
  if (length !== reference.media.fileLength) return { verified: false, error: `the file has ${length} bytes` };
  return { verified: true };
}

function canonicalHash(text: string): string {
  const hex = /^[0-9a-f]{64}$/i.test(text);
  const bytes = hex ? Buffer.from(text, "hex") : Buffer.from(text, "base64url");
  if (bytes.length !== 32) throw new SandboxError("invalid", "a SHA-256 is 64 hex digits or the base64 of 32 bytes");
  return bytes.toString("base64");
}

function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  const oldest = map.keys().next();
  if (map.size > maxFiles && oldest.done !== true) map.delete(oldest.value);
}
