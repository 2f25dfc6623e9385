import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import type { AddressGuard } from "#lib/guard.ts";
import { checkLiteral, guardedLookup } from "#lib/guarded-lookup.ts";
import type { sleep } from "#lib/sleep.ts";
import { WazapiError } from "#domain/errors.ts";
import { ask } from "./ask.ts";
import { tooLarge } from "../storage/local-storage.ts";
import { type Bytes, flowing } from "./flow.ts";
import { rejected, sourceError } from "./refusals.ts";

/** Time limits of fetching one file, milliseconds. */
export interface RemoteOptions {
  readonly connectMs: number;
  /** From the request to the first byte of the answer. */
  readonly headersMs: number;
  /** Between two pieces. */
  readonly idleMs: number;
  /** Everything, redirects included. */
  readonly totalMs: number;
  readonly maxRedirects: number;
}

/** Limits that suit media on the web. */
export const defaultRemoteOptions: RemoteOptions = {
  connectMs: 10_000,
  headersMs: 20_000,
  idleMs: 20_000,
  totalMs: 900_000,
  maxRedirects: 5,
};

/** An answer whose body has not been read yet. */
interface RemoteFileAnswer extends AsyncDisposable {
  readonly bytes: Bytes;
  /** As the server declared it. */
  readonly contentType?: string;
  /** Name the server or the address gives the file. */
  readonly fileName?: string;
}

/** Fetches files from addresses that customers choose. */
export interface Remote {
  /**
   * Opens a file; every address on the way passes the guard. Throws `forbidden_address`, `media_rejected`,
   * `payload_too_large` (when the size is declared), or the signal's reason; so does reading its bytes. Whoever opens it
   * disposes of it.
   */
  readonly open: (
    input: { readonly url: string; readonly maxBytes: number },
    signal: AbortSignal,
  ) => Promise<RemoteFileAnswer>;
}

/** What fetching works with. */
export interface RemoteDeps {
  readonly guard: AddressGuard;
  readonly sleep: typeof sleep;
}

/** The guarded client. Each request has a connection of its own: the next file of a host is checked again. */
export function createRemote(deps: RemoteDeps, options: RemoteOptions): Remote {
  return {
    open: async ({ url, maxBytes }, signal) => {
      const limit = limited(options.totalMs, signal);
      try {
        const answer = await follow(deps, { url: parsed(url), options }, limit.signal);
        const declared = Number(answer.response.headers["content-length"] ?? "0");
        if (declared > maxBytes) throw tooLarge(maxBytes);
        const body = decoded(answer.response);
        const named = fileNameOf(answer.response.headers["content-disposition"], answer.url);
        const { "content-type": contentType } = answer.response.headers;
        return {
          bytes: translated(flowing(deps, { bytes: body, idleMs: options.idleMs }, limit.signal), signal),
          ...(contentType === undefined ? {} : { contentType }),
          ...(named === undefined ? {} : { fileName: named }),
          [Symbol.asyncDispose]: async () => {
            limit.end();
            body.destroy();
          },
        };
      } catch (error) {
        limit.end();
        signal.throwIfAborted();
        throw sourceError(error);
      }
    },
  };
}

interface Answered {
  readonly response: IncomingMessage;
  readonly url: URL;
}

async function follow(
  { guard }: RemoteDeps,
  input: { readonly url: URL; readonly options: RemoteOptions },
  signal: AbortSignal,
): Promise<Answered> {
  const { options } = input;
  let { url } = input;
  for (let hops = 0; hops <= options.maxRedirects; hops += 1) {
    await checkLiteral(guard, url.hostname);
    const headers = {
      accept: "*/*",
      "accept-encoding": "identity",
      "user-agent": "wazapi",
      // A login belongs to the address that names it: `url` is another one after a redirect.
      ...(url.username === "" ? {} : { authorization: loginOf(url) }),
    };
    const lookup = guardedLookup(guard);
    const response = await ask({ ...options, url: withoutLogin(url), headers, lookup }, signal);
    const { location } = response.headers;
    if (![301, 302, 303, 307, 308].includes(response.statusCode ?? 0) || location === undefined) {
      if (response.statusCode !== 200) throw refusal(response);
      return { response, url };
    }
    discard(response);
    url = parsed(location, url);
  }
  throw rejected(`the address of the media redirects more than ${options.maxRedirects} times`);
}

function parsed(text: string, base?: URL): URL {
  const url = URL.parse(text, base);
  if (url === null) throw rejected("the media is neither an address nor a data URI");
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new WazapiError("forbidden_address", { message: "media is fetched from http and https addresses only" });
  }
  return url;
}

function withoutLogin(url: URL): URL {
  const bare = new URL(url);
  bare.username = "";
  bare.password = "";
  return bare;
}

function loginOf(url: URL): string {
  const login = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return `Basic ${Buffer.from(login).toString("base64")}`;
}

function refusal(response: IncomingMessage): WazapiError {
  discard(response);
  const { statusCode: status } = response;
  // Z-API's sentences.
  const message =
    status === 404 ? "Got a 404 error while trying to send message" : "Message not send caused by invalid media url";
  return rejected(message, { details: { status } });
}

/** Ends the connection: what a redirect or an error page still has to say is of no use. */
function discard(response: IncomingMessage): void {
  response.on("error", () => {});
  response.destroy();
}

/** The body as the file is; servers may compress although they were asked not to. */
function decoded(response: IncomingMessage): Readable {
  // Whoever reads it learns of a failure; an unread stream that fails must not end the process.
  response.on("error", () => {});
  const encoding = response.headers["content-encoding"]?.trim().toLowerCase() ?? "";
  if (encoding === "" || encoding === "identity") return response;
  const make = decoders[encoding];
  if (make === undefined) {
    discard(response);
    throw rejected(`the media comes in the unknown encoding ${encoding}`);
  }
  const decoder = make();
  decoder.on("error", () => {});
  response.on("error", (error) => decoder.destroy(error));
  decoder.on("close", () => response.destroy());
  return response.pipe(decoder);
}

const decoders: Readonly<Record<string, () => ReturnType<typeof createGunzip>>> = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

async function* translated(bytes: Bytes, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (error) {
    signal.throwIfAborted();
    throw sourceError(error);
  }
}

/** A signal that also aborts when the time is over; `end` stops the clock and cuts the connection. */
function limited(totalMs: number, signal: AbortSignal): { readonly signal: AbortSignal; readonly end: () => void } {
  const controller = new AbortController();
  const stop = (): void => controller.abort(signal.reason);
  const timer = setTimeout(() => controller.abort(rejected("fetching the media took too long")), totalMs);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  return {
    signal: controller.signal,
    end: () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      controller.abort(rejected("the media is not read any more"));
    },
  };
}

function fileNameOf(disposition: string | undefined, url: URL): string | undefined {
  const text = disposition ?? "";
  const extended = /filename\*\s*=\s*utf-8''([^;]+)/i.exec(text)?.[1];
  const plain = /filename\s*=\s*(?:"([^"]*)"|([^;\s]+))/i.exec(text);
  const last = url.pathname.split("/").at(-1);
  const named = extended ?? plain?.[1] ?? plain?.[2] ?? last;
  if (named === undefined || named === "") return undefined;
  try {
    return decodeURIComponent(named);
  } catch {
    return named;
  }
}
