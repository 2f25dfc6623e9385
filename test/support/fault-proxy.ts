import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** How a connection is treated. */
export type Fault =
  | "none"
  /** Refused at once. */
  | "reset"
  /** Taken, and then nothing moves. */
  | "stall"
  /** Cut when so many bytes went to the server. */
  | { readonly cutAfter: number };

/** A TCP proxy that stands between a client and a server of the same tests. */
export interface FaultProxy extends AsyncDisposable {
  readonly port: number;
  /** Treats connections like that from now on; those that are open are cut. */
  readonly set: (fault: Fault) => void;
  /** Heads of the requests that went to the server so far. */
  readonly sent: () => string;
  readonly connections: () => number;
}

/** Starts a proxy to a port of the loopback. */
export async function startFaultProxy(targetPort: () => number): Promise<FaultProxy> {
  let fault: Fault = "none";
  let connections = 0;
  const heads: Buffer[] = [];
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  };
  const server = createServer((client) => {
    connections += 1;
    keep(client);
    if (fault === "reset") return void client.resetAndDestroy();
    if (fault === "stall") return;
    const upstream = connect(targetPort(), "127.0.0.1");
    keep(upstream);
    let passed = 0;
    client.on("data", (piece: Buffer) => {
      if (/^[A-Z]+ \//.test(piece.toString("latin1", 0, 16))) heads.push(piece.subarray(0, 4_096));
      passed += piece.length;
      if (typeof fault === "object" && passed > fault.cutAfter) {
        client.resetAndDestroy();
        upstream.destroy();
        return;
      }
      if (!upstream.write(piece)) {
        client.pause();
        upstream.once("drain", () => client.resume());
      }
    });
    upstream.pipe(client);
    client.on("close", () => upstream.destroy());
    upstream.on("close", () => client.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    set: (next) => {
      fault = next;
      for (const socket of sockets) socket.destroy();
    },
    sent: () => Buffer.concat(heads).toString("latin1"),
    connections: () => connections,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
