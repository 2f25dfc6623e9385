import type { IncomingMessage, ServerResponse } from "node:http";
import { isIP } from "node:net";

import { listen } from "listhen";

import { WazapiError } from "#domain/errors.ts";

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
  const { server, address } = listener;
  server.requestTimeout = requestTimeoutMs;
  server.headersTimeout = headersTimeoutMs;
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= closeWithin(options.drainMs ?? defaultDrainMs, listener.close(), () => server.closeAllConnections());
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

async function closeWithin(drainMs: number, closed: Promise<void>, cut: () => void): Promise<void> {
  const timer = setTimeout(cut, drainMs);
  try {
    await closed;
  } finally {
    clearTimeout(timer);
  }
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}
