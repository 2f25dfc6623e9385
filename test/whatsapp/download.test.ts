import { createCipheriv, createHash, createHmac, hkdfSync, randomBytes } from "node:crypto";
import { createServer, type RequestListener } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { once } from "node:events";
import { proto } from "@whiskeysockets/baileys";
import { Agent } from "undici";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findMedia, moveMedia } from "#pipeline/capture/find-media.ts";
import type { MediaRow } from "#store/media.ts";
import type { StoredMessage } from "#store/records.ts";
import { createFileDownloads, type FileDownloads } from "#whatsapp/download.ts";
import type { LiveSocket } from "#whatsapp/live-socket.ts";
import type { Transport } from "#whatsapp/transport.ts";

const never = new AbortController().signal;
const plain = randomBytes(50_000);
const mediaKey = randomBytes(32);
const path = "/v/t62.7118-24/file.enc?ccb=11-4";

/** What the media host was asked for. */
let asked: { readonly host: string | undefined; readonly path: string | undefined }[];
let answer: RequestListener;
let downloads: FileDownloads;
let stored: StoredMessage;
let socket: LiveSocket | undefined;
let parts: AsyncDisposableStack;

beforeEach(async () => {
  parts = new AsyncDisposableStack();
  asked = [];
  socket = undefined;
  const server = createServer((request, response) => {
    asked.push({ host: request.headers.host, path: request.url });
    answer(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  parts.defer(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  const { port } = server.address() as AddressInfo;
  // In the clear, wherever it is meant to go, as to the sandbox.
  const dispatcher = parts.adopt(
    new Agent({
      connect: (_options, callback) => {
        const made = connect(port, "127.0.0.1");
        made.once("connect", () => callback(null, made));
        made.once("error", (error) => callback(error, null));
      },
    }),
    (agent) => agent.destroy(),
  );
  const transport: Transport = {
    kind: "sandbox",
    options: { options: { dispatcher } as unknown as RequestInit },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  downloads = createFileDownloads({
    messages: {
      get: async ({ messageId, chatId }) =>
        messageId === stored.messageId && (chatId === undefined || chatId === stored.chatId) ? stored : undefined,
      put: async ({ messages }) => void (stored = messages[0]!),
    },
    transport,
    files: { find: findMedia, move: moveMedia },
    socketOf: () => socket,
  });
  answer = (_request, response) => void response.end(encrypted());
});
afterEach(() => parts.disposeAsync());

describe("a file of a received message", () => {
  test("comes decrypted, from the host its path belongs to, with the hash it must have", async () => {
    const row = keep({ imageMessage: file() });
    expect(await bytesOf(row)).toEqual({ bytes: plain, sha256: hashOf(plain) });
    expect(asked).toEqual([{ host: "mmg.whatsapp.net", path }]);
  });

  test("a message that lies under another address of its chat is found all the same", async () => {
    const row = { ...keep({ imageMessage: file() }), chatId: "5511900000002@s.whatsapp.net" };
    stored = { ...stored, chatId: "123@lid" };
    expect((await bytesOf(row)).bytes).toEqual(plain);
  });

  test("a thumbnail comes out of the message, without a question", async () => {
    const jpegThumbnail = randomBytes(100);
    const row = keep({ documentMessage: { ...file(), jpegThumbnail } }, { part: "thumbnail" });
    expect((await bytesOf(row)).bytes).toEqual(jpegThumbnail);
    expect(asked).toEqual([]);
  });

  test("the file of a channel comes as it is", async () => {
    answer = (_request, response) => void response.end(plain);
    const row = keep({ imageMessage: { ...file(), mediaKey: null } }, { chatId: "1203@newsletter" });
    expect(await bytesOf(row)).toEqual({ bytes: plain, sha256: hashOf(plain) });
  });

  test.each<[why: string, change: (sealed: Buffer) => Buffer]>([
    ["a wrong bit", (sealed) => (sealed.writeUInt8(sealed.readUInt8(30_000) ^ 1, 30_000), sealed)],
    ["a wrong bit in its MAC", (sealed) => (sealed.writeUInt8(sealed.at(-1)! ^ 1, sealed.length - 1), sealed)],
    ["an end that is missing", (sealed) => sealed.subarray(0, 40_000)],
    ["nothing", () => Buffer.alloc(0)],
  ])("%s makes it fail before its end", async (_why, change) => {
    answer = (_request, response) => void response.end(change(encrypted()));
    await expect(bytesOf(keep({ imageMessage: file() }))).rejects.toThrow("the file came damaged");
  });

  test("another key does not open it", async () => {
    await expect(bytesOf(keep({ imageMessage: { ...file(), mediaKey: randomBytes(32) } }))).rejects.toThrow("damaged");
  });

  test.each([403, 404, 410])("%i: gone, when somebody can be asked about it, else for later", async (status) => {
    answer = (_request, response) => void response.writeHead(status).end();
    const row = keep({ imageMessage: file() });
    expect(await downloads.download(row, never)).toEqual({ kind: "offline" });
    socket = {} as LiveSocket;
    expect(await downloads.download(row, never)).toEqual({ kind: "gone" });
  });

  test("a trouble of the host is one that passes", async () => {
    answer = (_request, response) => void response.writeHead(503).end();
    await expect(downloads.download(keep({ imageMessage: file() }), never)).rejects.toThrow("503");
  });

  test.each<[why: string, message: proto.IMessage, part: string]>([
    ["no such part", { conversation: "a" }, "main"],
    ["no key", { imageMessage: { ...file(), mediaKey: null } }, "main"],
    ["no address", { imageMessage: { ...file(), directPath: null } }, "main"],
  ])("%s: never", async (_why, message, part) => {
    expect(await downloads.download(keep(message, { part }), never)).toMatchObject({ kind: "impossible" });
  });

  test("a message that is not kept any more: never", async () => {
    const row = { ...keep({ imageMessage: file() }), messageId: "OTHER" };
    expect(await downloads.download(row, never)).toMatchObject({ kind: "impossible" });
  });

  test.each([
    ["@evil.example/file", undefined],
    [".evil.example/file", undefined],
    [":8080/file", undefined],
    [undefined, "https://evil.example/file"],
    [undefined, "http://mmg.whatsapp.net/file"],
    [undefined, "https://evilwhatsapp.net/file"],
    [undefined, "https://mmg.whatsapp.net@evil.example/file"],
  ])("the sender cannot name a host of his own: %s %s", async (directPath, url) => {
    const named = { ...file(), directPath: directPath ?? null, url: url ?? null };
    const row = keep({ imageMessage: named });
    expect(await downloads.download(row, never)).toMatchObject({ kind: "impossible" });
    expect(asked).toEqual([]);
  });

  test("ends with its signal", async () => {
    const stop = new AbortController();
    answer = (_request, response) => {
      response.write(encrypted().subarray(0, 1_000));
      stop.abort();
    };
    const reading = async (): Promise<void> => {
      const found = await downloads.download(keep({ imageMessage: file() }), stop.signal);
      if (found.kind !== "bytes") throw new Error(found.kind);
      for await (const piece of found.bytes) expect(piece.length).toBeGreaterThan(0);
    };
    await expect(reading()).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("asking the phone", () => {
  test("without a connection: not now", async () => {
    await expect(downloads.askAgain(keep({ imageMessage: file() }), never)).rejects.toMatchObject({
      code: "not_connected",
    });
  });

  test("about what has no key there is nothing to ask", async () => {
    socket = {} as LiveSocket;
    expect(await downloads.askAgain(keep({ imageMessage: { ...file(), mediaKey: null } }), never)).toBe(false);
  });
});

test("moveMedia: the file is at its new place, wherever in the message, and nothing else changes", () => {
  const image = { ...file(), caption: "hi" };
  const message = { viewOnceMessageV2: { message: { imageMessage: image } } };
  const encoded = encode(message);
  const moved = moveMedia(encoded, { part: "main", directPath: "/new", url: "https://mmg.whatsapp.net/new" });
  const after = proto.WebMessageInfo.decode(moved!);
  const before = proto.WebMessageInfo.decode(encoded);
  Object.assign(before.message?.viewOnceMessageV2?.message?.imageMessage ?? {}, {
    directPath: "/new",
    url: "https://mmg.whatsapp.net/new",
  });
  expect(after.toJSON()).toEqual(before.toJSON());
  expect(moveMedia(encoded, { part: "header", directPath: "/new", url: "" })).toBeUndefined();
});

/** Puts the message into the store; answers the row of one of its files. */
function keep(message: proto.IMessage, over: { readonly chatId?: string; readonly part?: string } = {}): MediaRow {
  const { chatId = "5511900000002@s.whatsapp.net", part = "main" } = over;
  stored = {
    instanceId: "I",
    chatId,
    messageId: "M",
    fromMe: false,
    senderId: chatId,
    at: 0,
    type: "image",
    proto: encode(message),
  };
  return {
    instanceId: "I",
    chatId,
    messageId: "M",
    mediaId: "m",
    part,
    kind: "image",
    mimeType: "image/jpeg",
    expiresAt: 0,
    direction: "in",
    state: "downloading",
    attempts: 0,
    dueAt: 0,
    createdAt: 0,
    updatedAt: 0,
  };
}

function encode(message: proto.IMessage): Uint8Array {
  const key = { remoteJid: "5511900000002@s.whatsapp.net", fromMe: false, id: "M" };
  return proto.WebMessageInfo.encode(proto.WebMessageInfo.fromObject({ key, message })).finish();
}

function file() {
  return {
    mediaKey,
    directPath: path,
    fileSha256: createHash("sha256").update(plain).digest(),
    mimetype: "image/jpeg",
  };
}

/** WhatsApp protocol: AES-CBC, then ten bytes of an HMAC. */
function encrypted(): Buffer {
  const expanded = Buffer.from(hkdfSync("sha256", mediaKey, new Uint8Array(0), "WhatsApp Image Keys", 112));
  const iv = expanded.subarray(0, 16);
  const cipher = createCipheriv("aes-256-cbc", expanded.subarray(16, 48), iv);
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  const mac = createHmac("sha256", expanded.subarray(48, 80)).update(iv).update(body).digest().subarray(0, 10);
  return Buffer.concat([body, mac]);
}

async function bytesOf(row: MediaRow): Promise<{ readonly bytes: Buffer; readonly sha256?: string }> {
  const found = await downloads.download(row, never);
  if (found.kind !== "bytes") throw new Error(found.kind);
  const pieces: Uint8Array[] = [];
  for await (const piece of found.bytes) pieces.push(piece);
  const { sha256 } = found;
  return { bytes: Buffer.concat(pieces), ...(sha256 === undefined ? {} : { sha256 }) };
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
