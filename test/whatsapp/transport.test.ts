import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { WA_CERT_DETAILS } from "@whiskeysockets/baileys";
import { afterEach, describe, expect, it } from "vitest";
import { realTransport, sandboxTransport } from "#whatsapp/transport.ts";

const signal = AbortSignal.timeout(5_000);
const root = Buffer.from(WA_CERT_DETAILS.PUBLIC_KEY);
let server: Server | undefined;

afterEach(async () => {
  WA_CERT_DETAILS.PUBLIC_KEY = root;
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  server = undefined;
});

/** A server that answers the sandbox's configuration, and any other path with that path. */
async function serve(config: (base: string) => unknown): Promise<string> {
  const made = createServer((request, response) => {
    const url = `http://${request.headers.host}`;
    if (request.url === "/sandbox/config") response.end(JSON.stringify(config(`http://127.0.0.1:${portOf(made)}`)));
    else response.end(`${url}${request.url}`);
  });
  server = made;
  await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${portOf(made)}`;
}

const portOf = (made: Server): number => (made.address() as AddressInfo).port;

describe("transport", () => {
  it("real: leaves every address to Baileys", async () => {
    await using transport = realTransport();
    expect(transport).toMatchObject({ kind: "real", options: {} });
  });

  it("sandbox: takes its websocket, trusts its root, and lands media requests there under their real names", async () => {
    const key = "ab".repeat(32);
    const base = await serve((mediaUrl) => ({
      websocketUrl: "ws://127.0.0.1:1/ws/chat",
      rootPublicKey: key,
      mediaUrl,
    }));
    await using transport = await sandboxTransport(base, signal);
    expect(transport.options.waWebSocketUrl).toBe("ws://127.0.0.1:1/ws/chat");
    expect(WA_CERT_DETAILS.PUBLIC_KEY.toString("hex")).toBe(key);
    const answer = await fetch("https://mmg.whatsapp.net/v/t62.7118-24/file", { ...transport.options.options, signal });
    expect(await answer.text()).toBe("http://mmg.whatsapp.net/v/t62.7118-24/file");
  });

  it.each([
    ["http://10.0.0.1:9", undefined],
    [undefined, { websocketUrl: "ws://203.0.113.9/ws/chat" }],
    [undefined, { mediaUrl: "http://media.example" }],
    [undefined, { rootPublicKey: 5 }],
  ])("sandbox: refuses what is not on this machine or not complete (%#)", async (url, change) => {
    const base = await serve((mediaUrl) => ({
      websocketUrl: "ws://127.0.0.1:1/ws",
      rootPublicKey: "00",
      mediaUrl,
      ...change,
    }));
    await expect(sandboxTransport(url ?? base, signal)).rejects.toMatchObject({ code: "invalid_config" });
    expect(WA_CERT_DETAILS.PUBLIC_KEY).toEqual(root);
  });

  it("sandbox: an unhelpful server is unavailable", async () => {
    const made = createServer((_request, response) => response.writeHead(503).end());
    server = made;
    await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", resolve));
    await expect(sandboxTransport(`http://127.0.0.1:${portOf(made)}`, signal)).rejects.toMatchObject({
      code: "unavailable",
    });
  });
});
