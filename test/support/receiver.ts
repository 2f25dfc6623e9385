import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** One request as the receiver saw it. */
export interface ReceivedRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Sequence of the event, out of its header. */
  readonly sequence: number;
}

/** What the receiver does with a request. */
export type Behaviour =
  | {
      readonly kind: "status";
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: string;
    }
  /** Never answers. */
  | { readonly kind: "hang" }
  /** Cuts the connection. */
  | { readonly kind: "reset" }
  /** Answers 200 after a while, milliseconds. */
  | { readonly kind: "slow"; readonly ms: number }
  /** Announces a body, sends half of it and cuts the connection. */
  | { readonly kind: "half"; readonly status: number };

/** A customer's endpoint on this machine. */
export interface Receiver extends AsyncDisposable {
  readonly url: string;
  /** Everything that was asked, in order of arrival. */
  readonly requests: readonly ReceivedRequest[];
  /** What was answered with 2xx, in order. */
  readonly taken: readonly ReceivedRequest[];
  /** Decides about each request from now on. */
  readonly behave: (decide: (request: ReceivedRequest) => Behaviour) => void;
  /** Closes the port; connections in use are cut. */
  readonly down: () => Promise<void>;
  /** Opens the same port again. */
  readonly up: () => Promise<void>;
}

/** Answers everything with 200. */
export const ok: Behaviour = { kind: "status", status: 200 };

/** Starts a receiver that answers everything with 200 until it is told otherwise. */
export async function startReceiver(): Promise<Receiver> {
  const requests: ReceivedRequest[] = [];
  const taken: ReceivedRequest[] = [];
  const sockets = new Set<Socket>();
  let decide: (request: ReceivedRequest) => Behaviour = () => ok;
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const { headers, url: path = "/" } = request;
      const seen = { path, headers, body, sequence: Number(headers["x-wazapi-sequence"]) };
      requests.push(seen);
      const behaviour = decide(seen);
      if (behaviour.kind === "slow" || (behaviour.kind === "status" && behaviour.status < 300)) taken.push(seen);
      act(response, behaviour);
    });
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  const listen = async (port: number): Promise<void> => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  };
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    requests,
    taken,
    behave: (next) => {
      decide = next;
    },
    down: close,
    up: () => listen(port),
    [Symbol.asyncDispose]: close,
  };
}

function act(response: ServerResponse, behaviour: Behaviour): void {
  switch (behaviour.kind) {
    case "status":
      response.writeHead(behaviour.status, behaviour.headers).end(behaviour.body ?? "");
      break;
    case "slow":
      setTimeout(() => response.writeHead(200).end(), behaviour.ms);
      break;
    case "half":
      response.writeHead(behaviour.status, { "content-length": "100" });
      response.write("half of it", () => response.destroy());
      break;
    case "reset":
      response.destroy();
      break;
    case "hang":
      break;
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
