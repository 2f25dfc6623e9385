import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { isIP } from "node:net";

import { WazapiError } from "#domain/errors.ts";
import { sleep } from "#lib/sleep.ts";

import { limitBodyTime } from "./body-time.ts";

/** Where to listen. */
export interface ListenOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** How long requests in flight may take to finish when it is disposed of; then their connections are cut. */
  readonly drainMs?: number;
  /** How long the body of a request may take to come, unless its route lifts that; default two minutes. */
  readonly bodyMs?: number;
  /**
   * The server this one follows may still listen here: the port is shared with it until it closes, so that it is never
   * refused in between (a connection the old one had not taken yet is reset). Where the system cannot share ports the
   * port is waited for.
   */
  readonly succeeds?: boolean;
}

/** A listener. Disposing it stops accepting, closes idle connections and lets requests in flight finish. */
export interface HttpListener extends AsyncDisposable {
  /** Base URL without a slash at the end. */
  readonly url: string;
  readonly port: number;
}

const defaultDrainMs = 10_000;
const idleCheckMs = 20;
const defaultBodyMs = 120_000;
const headersTimeoutMs = 15_000;
const keepAliveMs = 65_000;
const portPollMs = 20;

/** Whether two processes can listen on one port of this system. */
export const canSharePort = process.platform === "linux" || process.platform === "freebsd";

/** Listens for HTTP; closes on abort of the signal too. Throws `unavailable` when the address cannot be had. */
export async function listenHttp(
  app: { readonly nodeListener: (request: IncomingMessage, response: ServerResponse) => void },
  options: ListenOptions,
  signal: AbortSignal,
): Promise<HttpListener> {
  const { host } = options;
  const server = createServer(
    { requestTimeout: 0, headersTimeout: headersTimeoutMs, keepAliveTimeout: keepAliveMs },
    (request, response) => {
      limitBodyTime(request, options.bodyMs ?? defaultBodyMs);
      app.nodeListener(request, response);
    },
  );
  try {
    await (options.succeeds === true ? bindBeside(server, options, signal) : bindAlone(server, options));
  } catch (cause) {
    const inUse = Object(cause).code === "EADDRINUSE";
    throw new WazapiError("unavailable", {
      message: `cannot listen on ${host}:${options.port}${inUse ? ": another program does" : ""}`,
      details: { hint: "choose another address with --port, --host or HTTP_ADDR" },
      cause,
    });
  }
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : options.port;
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= closeWithin(server, options.drainMs ?? defaultDrainMs);
    return closing;
  };
  const onAbort = () => void close();
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  return {
    url: `http://${isIP(host) === 6 ? `[${host}]` : host}:${port}`,
    port,
    [Symbol.asyncDispose]: async () => {
      signal.removeEventListener("abort", onAbort);
      await close();
    },
  };
}

/** Takes a port nobody else has, in a way that a successor can share it later. */
async function bindAlone(server: Server, { host, port }: ListenOptions): Promise<void> {
  if (!canSharePort || port === 0) return bind(server, { host, port });
  // A shared bind would succeed beside a stranger as well; this one does not.
  const probe = createServer();
  await bind(probe, { host, port });
  probe.close();
  await once(probe, "close");
  await bind(server, { host, port, reusePort: true });
}

async function bindBeside(server: Server, { host, port }: ListenOptions, signal: AbortSignal): Promise<void> {
  if (canSharePort) return bind(server, { host, port, reusePort: true });
  for (;;) {
    try {
      return await bind(server, { host, port });
    } catch (error) {
      if (Object(error).code !== "EADDRINUSE" || signal.aborted) throw error;
    }
    await sleep(portPollMs, signal);
  }
}

async function bind(
  server: Server,
  options: { readonly host: string; readonly port: number; readonly reusePort?: boolean },
): Promise<void> {
  server.listen(options);
  await once(server, "listening");
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

/** Whether only this machine reaches a listener on this host. */
export function isLoopbackHost(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}
