import { once } from "node:events";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { afterEach, describe, expect, test } from "vitest";
import { type AddressGuard, createAddressGuard } from "#lib/guard.ts";
import { until } from "../support/processes.ts";
import { type IngestRig, openIngestRig } from "./ingest-rig.ts";
import { startWeb, type Web } from "./web.ts";

let rig: IngestRig;
let target: Web | undefined;
afterEach(async () => {
  await rig?.[Symbol.asyncDispose]();
  await target?.[Symbol.asyncDispose]();
  target = undefined;
});

const secret = (host?: string) => startWeb((_, response) => void response.end("a secret of the house"), host);

/** A resolver by table; every other name does not exist. */
const resolver =
  (names: Readonly<Record<string, readonly string[]>>) =>
  async (host: string): Promise<readonly { address: string; family: number }[]> => {
    const found = names[host];
    if (found === undefined) throw Object.assign(new Error("no such host"), { code: "ENOTFOUND" });
    return found.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
  };

describe("forbidden addresses: refused with a 4xx, and nobody is called", () => {
  const names = {
    "private.test": ["10.1.2.3"],
    "loopback.test": ["127.0.0.1"],
    "mixed.test": ["93.184.216.34", "127.0.0.1"],
    "metadata.test": ["169.254.169.254"],
    "mapped.test": ["::ffff:127.0.0.1"],
    localhost: ["127.0.0.1", "::1"],
  };

  test.each([
    ["loopback", "http://127.0.0.1:PORT/"],
    ["another loopback", "http://127.8.9.10:PORT/"],
    ["loopback by name", "http://localhost:PORT/"],
    ["loopback as one number", "http://2130706433:PORT/"],
    ["loopback in octal", "http://0177.0.0.1:PORT/"],
    ["loopback in hex", "http://0x7f.1:PORT/"],
    ["loopback of IPv6", "http://[::1]:PORT/"],
    ["loopback mapped into IPv6", "http://[::ffff:127.0.0.1]:PORT/"],
    ["loopback translated (NAT64)", "http://[64:ff9b::127.0.0.1]:PORT/"],
    ["this host", "http://0.0.0.0:PORT/"],
    ["private, 10/8", "http://10.0.0.1/"],
    ["private, 172.16/12", "http://172.16.5.4/"],
    ["private, 192.168/16", "https://192.168.1.1/"],
    ["shared, 100.64/10", "http://100.64.0.1/"],
    ["unique local", "http://[fd12::1]/"],
    ["link-local", "http://169.254.1.1/"],
    ["link-local of IPv6", "http://[fe80::1]/"],
    ["metadata service", "http://169.254.169.254/latest/meta-data/"],
    ["metadata service mapped into IPv6", "http://[::ffff:a9fe:a9fe]/"],
    ["a name with a private address", "http://private.test/"],
    ["a name with a loopback address", "http://loopback.test:PORT/"],
    ["a name with one bad address among good ones", "http://mixed.test:PORT/"],
    ["a name with the address of a metadata service", "http://metadata.test/"],
    ["a name with a mapped address", "http://mapped.test:PORT/"],
    ["a file of this machine", "file:///etc/passwd"],
    ["FTP", "ftp://127.0.0.1:PORT/"],
    ["Gopher", "gopher://127.0.0.1:PORT/"],
    ["JavaScript", "javascript:alert(1)"],
    ["a path with a drive letter", "c:\\secret.txt"],
  ])("%s: %s", async (_, source) => {
    target = await secret();
    const guard = createAddressGuard({ allowPrivate: false, allowLoopback: false }, resolver(names));
    rig = await openIngestRig({ guard });
    const taking = rig.take({ kind: "document", source: source.replace("PORT", String(target.port)) });
    await expect(taking).rejects.toMatchObject({ code: "forbidden_address" });
    expect(target.connections()).toBe(0);
    expect(await rig.leftovers()).toEqual([]);
    expect(rig.kept).toEqual([]);
  });

  test("a name that does not exist, a port nobody listens on: refused as media", async () => {
    rig = await openIngestRig({
      guard: createAddressGuard({ allowPrivate: false, allowLoopback: true }, resolver({})),
    });
    const missing = rig.take({ source: "http://nowhere.test/" });
    await expect(missing).rejects.toMatchObject({
      code: "media_rejected",
      message: expect.stringMatching(/does not exist/),
    });
    const closed = await secret();
    await closed[Symbol.asyncDispose]();
    const refused = rig.take({ source: closed.url("/") });
    await expect(refused).rejects.toMatchObject({
      code: "media_rejected",
      message: expect.stringMatching(/cannot be reached/),
    });
  });

  /** The first address may be called, the second may not. */
  const onlyFirst: AddressGuard = {
    check: async (host) =>
      host === "127.0.0.1"
        ? { kind: "allowed", addresses: [{ address: "127.0.0.1", family: 4 }] }
        : { kind: "forbidden", address: host },
  };

  test.each([301, 302, 303, 307, 308])("a redirect (%i) to a forbidden address", async (status) => {
    target = await secret("127.0.0.2");
    const location = target.url("/");
    rig = await openIngestRig({
      guard: onlyFirst,
      answer: (_, response) => void response.writeHead(status, { location }).end(),
    });
    await expect(rig.take({ source: rig.web.url("/") })).rejects.toMatchObject({ code: "forbidden_address" });
    expect(rig.web.connections()).toBe(1);
    expect(target.connections()).toBe(0);
  });

  test("a redirect by name is checked again, and dialled at the checked address", async () => {
    target = await secret("127.0.0.2");
    let asked = 0;
    const guard = createAddressGuard({ allowPrivate: false, allowLoopback: true }, async (host) => {
      asked += 1;
      // The second look gives another address, as an attacker's name server would.
      return [{ address: asked === 1 ? "127.0.0.1" : "10.0.0.1", family: host.length > 0 ? 4 : 6 }];
    });
    rig = await openIngestRig({
      guard,
      answer: (_, response) => void response.writeHead(302, { location: `http://rebind.test:${rig.web.port}/` }).end(),
    });
    const taking = rig.take({ source: `http://rebind.test:${rig.web.port}/` });
    await expect(taking).rejects.toMatchObject({ code: "forbidden_address" });
    expect(rig.web.connections()).toBe(1);
    expect(asked).toBe(2);
  });

  test.each(["file:///etc/passwd", "data:text/plain,x", "javascript:x"])("a redirect to %s", async (location) => {
    rig = await openIngestRig({ answer: (_, response) => void response.writeHead(302, { location }).end() });
    await expect(rig.take({ source: rig.web.url("/") })).rejects.toMatchObject({ code: "forbidden_address" });
  });
});

describe("hostile servers: refused with a 4xx, and the connection is cut", () => {
  const png = Buffer.from("89504e470d0a1a0a", "hex");
  const cut = async (): Promise<void> => {
    await until(() => rig.web.open() === 0, { what: "connections cut", withinMs: 2_000, everyMs: 5 });
  };

  test("more redirects than five", async () => {
    let hops = 0;
    rig = await openIngestRig({
      answer: (_, response) => void response.writeHead(302, { location: `/${(hops += 1)}` }).end(),
    });
    await expect(rig.take({ source: rig.web.url("/") })).rejects.toMatchObject({ code: "media_rejected" });
    expect(hops).toBe(6);
  });

  test("huge by its own word: not a byte is read", async () => {
    rig = await openIngestRig({
      answer: (_, response) => {
        response.writeHead(200, { "content-length": String(5_000_000_000) });
        response.write(png);
      },
    });
    await expect(rig.take({ source: rig.web.url("/") })).rejects.toMatchObject({ code: "payload_too_large" });
    expect(await rig.leftovers()).toEqual([]);
    await cut();
  });

  test("endless: cut at the limit", async () => {
    let sent = 0;
    const zeros = function* (): Generator<Buffer> {
      yield png;
      for (; ; sent += 65_536) yield Buffer.alloc(65_536);
    };
    rig = await openIngestRig({
      answer: (_, response) => void pipeline(Readable.from(zeros()), response).catch(() => {}),
    });
    const taking = rig.take({ kind: "sticker", source: rig.web.url("/") });
    await expect(taking).rejects.toMatchObject({ code: "payload_too_large" });
    expect(sent).toBeLessThan(32 * 1_048_576);
    expect(await rig.leftovers()).toEqual([]);
    await cut();
  });

  test("a small file that unpacks to a huge one", async () => {
    const { createGzip } = await import("node:zlib");
    const gzip = createGzip();
    const pieces: Buffer[] = [];
    gzip.on("data", (piece: Buffer) => pieces.push(piece));
    gzip.write(png);
    for (let written = 0; written < 8; written += 1) gzip.write(Buffer.alloc(1_048_576));
    gzip.end();
    await once(gzip, "end");
    rig = await openIngestRig({
      answer: (_, response) => void response.writeHead(200, { "content-encoding": "gzip" }).end(Buffer.concat(pieces)),
    });
    const taking = rig.take({ kind: "sticker", source: rig.web.url("/") });
    await expect(taking).rejects.toMatchObject({ code: "payload_too_large" });
  });

  test.each([
    ["never answers", {}, () => {}],
    ["answers with headers only", { idleMs: 60 }, "headers"],
    ["sends a byte now and then", { idleMs: 1_000, totalMs: 150 }, "drip"],
  ] as const)("slow: %s", async (_, limits, how) => {
    rig = await openIngestRig({
      remote: { headersMs: 100, totalMs: 400, ...limits },
      answer: (_request, response) => {
        if (typeof how === "function") return;
        response.writeHead(200);
        response.write(png);
        const drip = (): void => {
          if (!response.destroyed) response.write("x", () => setTimeout(drip, 20));
        };
        if (how === "drip") drip();
      },
    });
    const taking = rig.take({ source: rig.web.url("/") });
    await expect(taking).rejects.toMatchObject({
      code: "media_rejected",
      message: expect.stringMatching(/took too long/),
    });
    expect(await rig.leftovers()).toEqual([]);
    await cut();
  });

  test("speaks something else than HTTP", async () => {
    rig = await openIngestRig({ answer: (request) => void request.socket.end("SSH-2.0-OpenSSH\r\n\r\n") });
    await expect(rig.take({ source: rig.web.url("/") })).rejects.toMatchObject({ code: "media_rejected" });
  });

  test("the caller goes away while nobody answers", async () => {
    rig = await openIngestRig({ answer: () => {} });
    const controller = new AbortController();
    const taking = rig.ingest({ instanceId: "I", kind: "image", source: rig.web.url("/") }, controller.signal);
    await until(() => rig.web.open() > 0, { what: "a connection", withinMs: 2_000, everyMs: 5 });
    controller.abort(new Error("gone"));
    await expect(taking).rejects.toThrow("gone");
    await cut();
  });
});
