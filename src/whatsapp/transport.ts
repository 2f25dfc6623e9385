import { Agent as HttpAgent } from "node:http";
import type { Agent as HttpsAgent } from "node:https";
import { connect, type NetConnectOpts, type Socket } from "node:net";
import { WA_CERT_DETAILS, type SocketConfig } from "@whiskeysockets/baileys";
import { Agent as Dispatcher } from "undici";
import { WazapiError } from "#domain/errors.ts";

/** Socket options that say where WhatsApp is. */
export type TransportOptions = Partial<Pick<SocketConfig, "waWebSocketUrl" | "fetchAgent" | "options">>;

/** The WhatsApp that sessions talk to. Whoever made it disposes it, after the sessions. */
export interface Transport extends AsyncDisposable {
  readonly kind: "real" | "sandbox";
  readonly options: TransportOptions;
  /** Where the version of the present WhatsApp Web can be read; a sandbox need not say. */
  readonly versionUrl?: string;
}

/** WhatsApp protocol: the service worker of WhatsApp Web names its version. */
const webVersionUrl = "https://web.whatsapp.com/sw.js";

/** The real WhatsApp, at the addresses built into Baileys. */
export function realTransport(): Transport {
  return { kind: "real", options: {}, versionUrl: webVersionUrl, [Symbol.asyncDispose]: () => Promise.resolve() };
}

/**
 * A simulated WhatsApp on this machine: `url` answers `GET /sandbox/config`. Refuses anything but loopback, because
 * its websocket is not encrypted and its certificate root replaces WhatsApp's for the whole process.
 */
export async function sandboxTransport(url: string, signal: AbortSignal): Promise<Transport> {
  requireLoopback(url);
  const answer = await fetch(new URL("/sandbox/config", url), { signal }).catch((cause: unknown) => {
    throw new WazapiError("unavailable", { message: `no sandbox answers at ${url}`, cause });
  });
  if (!answer.ok)
    throw new WazapiError("unavailable", {
      message: "the sandbox does not answer",
      details: { status: answer.status },
    });
  const config: unknown = await answer.json();
  const websocketUrl = textOf(config, "websocketUrl");
  const mediaUrl = textOf(config, "mediaUrl");
  requireLoopback(websocketUrl);
  requireLoopback(mediaUrl);
  const versionUrl: unknown = Object(config).versionUrl;
  if (typeof versionUrl === "string") requireLoopback(versionUrl);
  WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(textOf(config, "rootPublicKey"), "hex");
  const media = new URL(mediaUrl);
  const target = { host: media.hostname.replaceAll(/[[\]]/g, ""), port: Number(media.port) };
  const uploads = new PlainAgent(target);
  const downloads = plainDispatcher(target);
  return {
    kind: "sandbox",
    options: {
      waWebSocketUrl: websocketUrl,
      // Baileys types it as an https agent; node only asks an agent for its protocol and its connections.
      fetchAgent: uploads as unknown as HttpsAgent,
      // undici and node describe the same dispatcher in two packages of types.
      options: { dispatcher: downloads } as unknown as RequestInit,
    },
    ...(typeof versionUrl === "string" && { versionUrl }),
    [Symbol.asyncDispose]: async () => {
      uploads.destroy();
      await downloads.destroy();
    },
  };
}

/** Claims to speak https and connects in the clear to one place: media keep their real host names, no certificates needed. */
class PlainAgent extends HttpAgent {
  readonly #target: NetConnectOpts;

  constructor(target: NetConnectOpts) {
    super({ keepAlive: false });
    this.#target = target;
    Object.defineProperty(this, "protocol", { value: "https:" });
    Object.defineProperty(this, "defaultPort", { value: 443 });
  }

  override createConnection(): Socket {
    return connect(this.#target);
  }
}

function plainDispatcher(target: NetConnectOpts): Dispatcher {
  return new Dispatcher({
    connect: (_options, callback) => {
      const socket = connect(target);
      socket.once("connect", () => callback(null, socket));
      socket.once("error", (error) => callback(error, null));
    },
  });
}

function requireLoopback(url: string): void {
  const { hostname } = new URL(url);
  const loopback = hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
  if (loopback) return;
  throw new WazapiError("invalid_config", {
    message: "a sandbox must be on this machine (loopback)",
    details: { host: hostname },
  });
}

function textOf(config: unknown, name: string): string {
  const value: unknown = Object(config)[name];
  if (typeof value === "string") return value;
  throw new WazapiError("invalid_config", {
    message: "the sandbox answers an incomplete configuration",
    details: { name },
  });
}
