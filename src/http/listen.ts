import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { isIP } from "node:net";

import { listen } from "listhen";

import { WazapiError } from "#domain/errors.ts";
import { sleep } from "#lib/sleep.ts";

/** Where to listen. */
export interface ListenOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** How long requests in flight may take to finish when it is disposed of; then their connections are cut. */
  readonly drainMs?: number;
}

/** A listener. Disposing it stops accepting, closes idle connections and lets requests in flight finish. */
export interface HttpListener extends AsyncDisposable {
  /** Base URL without a slash at the end. */
  readonly url: string;
  readonly port: number;
}

const defaultDrainMs = 10_000;
const idleCheckMs = 20;
const requestTimeoutMs = 120_000;
const headersTimeoutMs = 15_000;

/** Listens for HTTP; closes on abort of the signal too. Throws `unavailable` when the address cannot be had. */
export async function listenHttp(
  app: { readonly nodeListener: (request: IncomingMessage, response: ServerResponse) => void },
  options: ListenOptions,
  signal: AbortSignal,
): Promise<HttpListener> {
  const { host, port } = options;
  const listener = await listen(app.nodeListener, {
    hostname: host,
    // Without `random: false` another port would be taken in silence when this one is busy.
    port: port === 0 ? { random: true } : { port, random: false, alternativePortRange: [3000, 2999] },
    isProd: true,
    isTest: true,
    public: !isLoopback(host),
    showURL: false,
    qr: false,
    open: false,
    clipboard: false,
    autoClose: false,
  }).catch((cause: unknown) => {
    throw new WazapiError("unavailable", { message: `cannot listen on ${host}:${port}`, cause });
  });
  const { address } = listener;
  // Without the `https` option the library makes a plain HTTP server.
  const server = listener.server as Server;
  // The library watches every request to close connections later, and throws when a request ends before its answer.
  for (const watcher of server.listeners("request")) {
    if (watcher !== app.nodeListener) server.removeListener("request", watcher as () => void);
  }
  server.requestTimeout = requestTimeoutMs;
  server.headersTimeout = headersTimeoutMs;
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= closeWithin(server, options.drainMs ?? defaultDrainMs);
    return closing;
  };
  if (port !== 0 && address.port !== port) {
    // Some ports count as unsafe for browsers, and the library replaces them in silence.
    await close();
    throw new WazapiError("unavailable", { message: `port ${port} cannot be used for HTTP; choose another one` });
  }
  const onAbort = () => void close();
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  return {
    url: `http://${isIP(host) === 6 ? `[${host}]` : host}:${address.port}`,
    port: address.port,
    [Symbol.asyncDispose]: async () => {
      signal.removeEventListener("abort", onAbort);
      await close();
    },
  };
}

/** Connections end as soon as nothing is in flight on them, all of them after `drainMs`. */
async function closeWithin(server: Server, drainMs: number): Promise<void> {
  const ended = new AbortController();
  server.close(() => ended.abort());
  const late = AbortSignal.any([ended.signal, AbortSignal.timeout(drainMs)]);
  while (!late.aborted) {
    server.closeIdleConnections();
    await sleep(idleCheckMs, late);
  }
  server.closeAllConnections();
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}
