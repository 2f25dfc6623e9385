import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { BinaryNode } from "@whiskeysockets/baileys";
import { WebSocketServer } from "ws";
import { acceptNoise, type NoiseLink } from "#sandbox/wire/accept-noise.ts";
import { createServerKeys, type ServerKeys } from "#sandbox/wire/server-keys.ts";

/** What the sockets of a test server saw; grows while the test runs. */
export interface NoiseServer extends AsyncDisposable {
  readonly url: string;
  readonly keys: ServerKeys;
  readonly links: NoiseLink[];
  readonly stanzas: BinaryNode[];
  readonly refusals: string[];
  /** Sockets that are over. */
  closed: number;
}

const keys = createServerKeys(Buffer.from("a seed of the tests"));

/** A server that only shakes hands and hands over; `handle` answers stanzas. */
export async function listenNoise(
  handle: (node: BinaryNode, link: NoiseLink, server: NoiseServer) => Promise<void> | void = () => {},
  opened: (link: NoiseLink, server: NoiseServer) => void = () => {},
): Promise<NoiseServer> {
  const wss = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(wss, "listening");
  const server: NoiseServer = {
    url: `ws://127.0.0.1:${(wss.address() as AddressInfo).port}/ws/chat`,
    keys,
    links: [],
    stanzas: [],
    refusals: [],
    closed: 0,
    async [Symbol.asyncDispose]() {
      for (const client of wss.clients) client.terminate();
      const over = once(wss, "close");
      wss.close();
      await over;
    },
  };
  wss.on("connection", (ws) => {
    let own: NoiseLink | undefined;
    acceptNoise(ws, server.keys, {
      opened(link) {
        own = link;
        server.links.push(link);
        opened(link, server);
      },
      async stanza(node) {
        server.stanzas.push(node);
        await handle(node, own!, server);
      },
      closed() {
        server.closed += 1;
      },
      refused(detail) {
        server.refusals.push(detail);
      },
    });
  });
  return server;
}
