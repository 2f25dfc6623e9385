import { setImmediate as nextTurn } from "node:timers/promises";
import { deflateSync } from "node:zlib";
import { encodeBinaryNode, NOISE_WA_HEADER, type BinaryNode } from "@whiskeysockets/baileys";
import * as fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { createServerKeys } from "#sandbox/wire/server-keys.ts";
import { stanza } from "#sandbox/wire/stanza.ts";
import { listenNoise } from "../noise-server.ts";
import { connectBaileys, connectResuming, open, type NoiseClient } from "./noise-client.ts";

const ping = (id: number): BinaryNode => stanza("iq", { id });
const numbersOf = (stanzas: readonly BinaryNode[]): number[] => stanzas.map((node) => Number(node.attrs["id"]));
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe("a client of Baileys", () => {
  it.each([undefined, Buffer.from("routing")])("shakes hands and talks (routing %s)", async (routingInfo) => {
    await using server = await listenNoise((node, link) => void link.send(stanza("ack", { id: node.attrs["id"] })));
    const client = await connectBaileys(server.url, routingInfo === undefined ? {} : { routingInfo });
    for (const id of upTo(3)) {
      client.ws.send(client.frame(ping(id)));
      expect((await client.receive()).attrs).toEqual({ id: String(id) });
    }
    const [link] = server.links;
    expect(Number(link!.payload.username)).toBe(5_511_900_000_009);
    expect(link!.payload.device).toBe(3);
    expect(link!.clientStatic).toHaveLength(32);
    client.ws.close();
    await until(() => server.closed === 1);
    expect(link!.isOpen()).toBe(false);
    expect(link!.send(ping(9))).toBe(false);
    expect(server.refusals).toEqual([]);
  });

  it("merged and cut frames arrive in order, one after the other", async () => {
    let running = 0;
    let most = 0;
    await using server = await listenNoise(async () => {
      running += 1;
      most = Math.max(most, running);
      await nextTurn();
      running -= 1;
    });
    const client = await connectBaileys(server.url);
    const all = Buffer.concat(upTo(50).map((id) => client.frame(ping(id))));
    for (let at = 0; at < all.length; at += 97) client.ws.send(all.subarray(at, at + 97));
    await until(() => server.stanzas.length === 50);
    expect(numbersOf(server.stanzas)).toEqual(upTo(50));
    expect(most).toBe(1);
  });

  it("a fast client waits for a slow server and loses nothing", async () => {
    const gate = Promise.withResolvers<void>();
    await using server = await listenNoise(() => gate.promise);
    const client = await connectBaileys(server.url);
    const count = 3000;
    for (const id of upTo(count)) client.ws.send(client.frame(ping(id)));
    await until(() => server.stanzas.length === 1);
    gate.resolve();
    await until(() => server.stanzas.length === count);
    expect(numbersOf(server.stanzas)).toEqual(upTo(count));
  });

  it("what arrived before the end is handled before closed", async () => {
    const gate = Promise.withResolvers<void>();
    await using server = await listenNoise(() => gate.promise);
    const client = await connectBaileys(server.url);
    for (const id of upTo(5)) client.ws.send(client.frame(ping(id)));
    client.ws.close();
    await until(() => server.links[0]?.isOpen() === false);
    expect(server.closed).toBe(0);
    gate.resolve();
    await until(() => server.closed === 1);
    expect(numbersOf(server.stanzas)).toEqual(upTo(5));
  });

  it.each(["close", "drop"] as const)("after %s by the server nothing more is handled", async (how) => {
    await using server = await listenNoise((_node, link) => link[how]());
    const client = await connectBaileys(server.url);
    client.ws.send(Buffer.concat(upTo(5).map((id) => client.frame(ping(id)))));
    await until(() => server.closed === 1);
    expect(server.stanzas).toHaveLength(1);
    expect(server.links[0]!.send(ping(1))).toBe(false);
    expect(server.refusals).toEqual([]);
  });

  it("compressed stanzas are read, bombs are not", async () => {
    await using server = await listenNoise();
    const client = await connectResuming(server.url, server.keys.static.public);
    const deflated = (node: BinaryNode): Buffer =>
      Buffer.concat([Buffer.from([2]), deflateSync(encodeBinaryNode(node).subarray(1))]);
    client.ws.send(client.frameBytes!(deflated(ping(4))));
    await until(() => server.stanzas.length === 1);
    expect(numbersOf(server.stanzas)).toEqual([4]);
    client.ws.send(client.frameBytes!(Buffer.concat([Buffer.from([2]), deflateSync(Buffer.alloc(17 * 1024 * 1024))])));
    await until(() => server.closed === 1);
    expect(server.refusals).toHaveLength(1);
  });
});

describe("a client that resumes", () => {
  const talk = async (client: NoiseClient): Promise<void> => {
    client.ws.send(client.frame(ping(1)));
    expect((await client.receive()).tag).toBe("ack");
  };

  it("is answered at once when it knows the server's key (IK)", async () => {
    await using server = await listenNoise((_node, link) => void link.send(stanza("ack")));
    const client = await connectResuming(server.url, server.keys.static.public);
    expect(client.pattern).toBe("IK");
    expect(Buffer.from(client.certChain!)).toEqual(Buffer.from(server.keys.certChain));
    await talk(client);
    expect(server.links[0]!.payload.device).toBe(3);
  });

  it("starts over when it knows another key (XXfallback)", async () => {
    await using server = await listenNoise((_node, link) => void link.send(stanza("ack")));
    const client = await connectResuming(server.url, createServerKeys(Buffer.from("another")).static.public);
    expect(client.pattern).toBe("XXfallback");
    expect(Buffer.from(client.certChain!)).toEqual(Buffer.from(server.keys.certChain));
    await talk(client);
  });
});

describe("a client that breaks the protocol", () => {
  it("a damaged last word of the handshake is refused", async () => {
    await using server = await listenNoise();
    await connectBaileys(server.url, { damage: flipLast });
    await until(() => server.closed === 1);
    expect(server.refusals).toHaveLength(1);
    expect(server.links).toHaveLength(0);
  });

  it("a damaged, a repeated and a lost frame are refused", async () => {
    for (const break_ of [
      (client: NoiseClient) => flipLast(Buffer.from(client.frame(ping(1)))),
      (client: NoiseClient) => {
        const frame = client.frame(ping(1));
        return Buffer.concat([frame, frame]);
      },
      (client: NoiseClient) => {
        client.frame(ping(1));
        return client.frame(ping(2));
      },
    ]) {
      await using server = await listenNoise();
      const client = await connectBaileys(server.url);
      client.ws.send(break_(client));
      await until(() => server.closed === 1);
      expect(server.refusals).toHaveLength(1);
    }
  });

  it.each([
    ["text", "WA"],
    ["another protocol", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
    ["no hello", Buffer.concat([NOISE_WA_HEADER, Buffer.from([0, 0, 2, 0xff, 0xff])])],
    ["an empty hello", Buffer.concat([NOISE_WA_HEADER, Buffer.from([0, 0, 0])])],
    [
      "a hello with a key of no use",
      Buffer.concat([NOISE_WA_HEADER, Buffer.from([0, 0, 36, 0x12, 34, 0x0a, 32]), Buffer.alloc(32)]),
    ],
    ["a huge frame", Buffer.concat([NOISE_WA_HEADER, Buffer.from([0xff, 0xff, 0xff])])],
  ])("%s instead of a handshake is refused", async (_what, bytes) => {
    await using server = await listenNoise();
    const { ws } = await open(server.url);
    ws.send(bytes);
    await until(() => server.closed === 1);
    expect(server.refusals).toHaveLength(1);
  });

  it("no bytes of any kind crash it", async () => {
    await using server = await listenNoise();
    let sockets = 0;
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.uint8Array({ minLength: 1, maxLength: 80 }), async (isStarted, noise) => {
        const { ws } = await open(server.url);
        sockets += 1;
        ws.send(isStarted ? Buffer.concat([NOISE_WA_HEADER, Buffer.from([0, 0, noise.length]), noise]) : noise);
        ws.close();
        await until(() => server.closed === sockets);
      }),
      { numRuns: 40 },
    );
    expect(server.links).toHaveLength(0);
  });

  it("a stanza that is none, and a handler that fails, end the connection", async () => {
    await using server = await listenNoise(() => {
      throw new Error("a bug");
    });
    const one = await connectResuming(server.url, server.keys.static.public);
    one.ws.send(one.frameBytes!(Buffer.from([0, 0xf8, 9])));
    const two = await connectBaileys(server.url);
    two.ws.send(two.frame(ping(1)));
    await until(() => server.closed === 2);
    expect(server.refusals).toHaveLength(2);
    expect(server.refusals).toContain("a bug");
  });

  it("a client that says nothing is cut off in time", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      await using server = await listenNoise();
      const { ws } = await open(server.url);
      vi.advanceTimersByTime(20_001);
      await new Promise((resolve) => ws.on("close", resolve));
      expect(server.refusals).toEqual(["there was no handshake in time"]);
    } finally {
      vi.useRealTimers();
    }
  });
});

async function until(condition: () => boolean): Promise<void> {
  await vi.waitUntil(condition, { interval: 5, timeout: 10_000 });
}

function flipLast(bytes: Buffer): Buffer {
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  return bytes;
}
