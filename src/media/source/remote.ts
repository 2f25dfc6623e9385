import { Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { Agent, request, type Dispatcher } from "undici";
import type { AddressGuard } from "#lib/guard.ts";
import { checkLiteral, guardedLookup } from "#lib/guarded-lookup.ts";
import type { sleep } from "#lib/sleep.ts";
import { WazapiError } from "#domain/errors.ts";
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
export interface Remote extends AsyncDisposable {
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

/** Opens the client. Each request has a connection of its own; whoever opens it closes it. */
export function createRemote(deps: RemoteDeps, options: RemoteOptions): Remote {
  const agent = new Agent({
    // Nothing is kept: the next file of a host may have to pass another check of its addresses.
    pipelining: 0,
    headersTimeout: options.headersMs,
    bodyTimeout: options.idleMs,
    connect: { lookup: guardedLookup(deps.guard), timeout: options.connectMs },
  });

  return {
    open: async ({ url, maxBytes }, signal) => {
      const limit = limited(options.totalMs, signal);
      try {
        const answer = await follow({ ...deps, agent, maxRedirects: options.maxRedirects }, parsed(url), limit.signal);
        const declared = Number(answer.response.headers["content-length"] ?? "0");
        if (declared > maxBytes) throw tooLarge(maxBytes);
        const body = decoded(answer.response);
        const named = fileNameOf(answer.response.headers["content-disposition"], answer.url);
        const contentType = first(answer.response.headers["content-type"]);
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
    [Symbol.asyncDispose]: async () => {
      await agent.destroy();
    },
  };
}

interface Following extends RemoteDeps {
  readonly agent: Dispatcher;
  readonly maxRedirects: number;
}
interface Answered {
  readonly response: Dispatcher.ResponseData;
  readonly url: URL;
}

async function follow(deps: Following, start: URL, signal: AbortSignal): Promise<Answered> {
  let url = start;
  for (let hops = 0; hops <= deps.maxRedirects; hops += 1) {
    await checkLiteral(deps.guard, url.hostname);
    const response = await request(withoutLogin(url), {
      dispatcher: deps.agent,
      signal,
      headers: {
        accept: "*/*",
        "accept-encoding": "identity",
        "user-agent": "wazapi",
        // A login belongs to the address that names it: `url` is another one after a redirect.
        ...(url.username === "" ? {} : { authorization: loginOf(url) }),
      },
    });
    const location = first(response.headers.location);
    if (![301, 302, 303, 307, 308].includes(response.statusCode) || location === undefined) {
      if (response.statusCode !== 200) throw await refusal(response);
      return { response, url };
    }
    discard(response);
    url = parsed(location, url);
  }
  throw rejected(`the address of the media redirects more than ${deps.maxRedirects} times`);
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

async function refusal(response: Dispatcher.ResponseData): Promise<WazapiError> {
  discard(response);
  const { statusCode: status } = response;
  // Z-API's sentences.
  const message =
    status === 404 ? "Got a 404 error while trying to send message" : "Message not send caused by invalid media url";
  return rejected(message, { details: { status } });
}

/** Ends the connection: what a redirect or an error page still has to say is of no use. */
function discard(response: Dispatcher.ResponseData): void {
  response.body.on("error", () => {});
  response.body.destroy();
}

/** The body as the file is; servers may compress although they were asked not to. */
function decoded(response: Dispatcher.ResponseData): Readable {
  const encoding = first(response.headers["content-encoding"])?.trim().toLowerCase() ?? "identity";
  const make = encoding === "identity" || encoding === "" ? undefined : decoders[encoding];
  if (make === undefined && encoding !== "identity" && encoding !== "") {
    discard(response);
    throw rejected(`the media comes in the unknown encoding ${encoding}`);
  }
  if (make === undefined) return response.body;
  const decoder = make();
  response.body.on("error", (error) => decoder.destroy(error));
  decoder.on("close", () => response.body.destroy());
  return response.body.pipe(decoder);
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

function fileNameOf(disposition: string | string[] | undefined, url: URL): string | undefined {
  const text = first(disposition) ?? "";
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

function first(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
