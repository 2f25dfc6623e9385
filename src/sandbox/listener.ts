import { once } from "node:events";
import { createServer, STATUS_CODES, type IncomingMessage, type ServerResponse } from "node:http";
import { WebSocketServer, type WebSocket } from "ws";
import { SandboxError } from "./sandbox-error.ts";

/** What the one listener of a sandbox passes on. */
export interface ListenerParts {
  /** Path starts with `/sandbox`. */
  readonly control: (request: IncomingMessage, response: ServerResponse) => void;
  /** Every other path. */
  readonly media: (request: IncomingMessage, response: ServerResponse) => void;
  readonly socket: (socket: WebSocket) => void;
  /** What the next request for a websocket is refused with; undefined lets it in. */
  readonly refuseUpgrade: () => UpgradeRefusal | undefined;
}

/** An answer to a request for a websocket. */
export interface UpgradeRefusal {
  readonly status: number;
  readonly retryAfterSeconds?: number;
}

/** The open listener. Disposing it cuts every connection. */
export interface SandboxListener extends AsyncDisposable {
  readonly port: number;
  /** Plain HTTP base without a slash at the end. */
  readonly url: string;
  readonly websocketUrl: string;
}

/** WhatsApp protocol: where clients connect. */
const socketPath = "/ws/chat";
const maxFrameBytes = 17 * 1024 * 1024;
const host = "127.0.0.1";
/** Longer than clients leave a connection unused, or a request could meet the end of it. */
const keepAliveMs = 65_000;

/** Listens on the loopback address only. Throws `unavailable` when the port cannot be had. */
export async function listenSandbox(port: number, parts: () => ListenerParts): Promise<SandboxListener> {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxFrameBytes, perMessageDeflate: false });
  const server = createServer({ keepAliveTimeout: keepAliveMs }, (request, response) => {
    const { control, media } = parts();
    if (/^\/sandbox(?:[/?]|$)/.test(request.url ?? "")) control(request, response);
    else media(request, response);
  });
  server.on("upgrade", (request, socket, head) => {
    if (!(request.url ?? "").startsWith(socketPath)) {
      socket.destroy();
      return;
    }
    const refused = parts().refuseUpgrade();
    if (refused !== undefined) {
      socket.end(upgradeAnswer(refused), () => socket.destroy());
      return;
    }
    sockets.handleUpgrade(request, socket, head, (client) => parts().socket(client));
  });
  try {
    server.listen(port, host);
    await once(server, "listening");
  } catch (cause) {
    throw new SandboxError("unavailable", `cannot listen on ${host}:${port}`, { cause });
  }
  const address = server.address();
  const taken = typeof address === "object" && address !== null ? address.port : port;
  return {
    port: taken,
    url: `http://${host}:${taken}`,
    websocketUrl: `ws://${host}:${taken}${socketPath}`,
    [Symbol.asyncDispose]: async () => {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function upgradeAnswer({ status, retryAfterSeconds }: UpgradeRefusal): string {
  const wait = retryAfterSeconds === undefined ? [] : [`Retry-After: ${retryAfterSeconds}`];
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Refused"}`,
    ...wait,
    "Connection: close",
    "Content-Length: 0",
  ];
  return `${head.join("\r\n")}\r\n\r\n`;
}
