import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import sharp from "sharp";
import { afterEach, describe, expect, test } from "vitest";
import type { IngestKind } from "#media/kinds.ts";
import { type IngestRig, openIngestRig } from "./ingest-rig.ts";
import { fixture } from "./temp-dir.ts";
import { zipOf } from "./zip.ts";

let rig: IngestRig;
afterEach(() => rig?.[Symbol.asyncDispose]());

const png = await sharp({ create: { width: 9, height: 7, channels: 3, background: "blue" } })
  .png()
  .toBuffer();
const film = await readFile(fixture("film.mp4"));
const dataUri = (type: string, bytes: Buffer): string => `data:${type};base64,${bytes.toString("base64")}`;
const serving = (bytes: Buffer, headers: Record<string, string> = {}) =>
  openIngestRig({ answer: (_, response) => void response.writeHead(200, headers).end(bytes) });

describe("ingest: the same bytes come to lie in the storage", () => {
  test("from an address", async () => {
    rig = await serving(png, { "content-type": "text/wrong" });
    const media = await rig.take({ source: rig.web.url("/folder/p%C3%A9.png?x=1") });
    expect(media).toMatchObject({ bytes: png.length, mimeType: "image/png", fileName: "pé.png" });
    expect(media.sha256).toBe(createHash("sha256").update(png).digest("hex"));
    expect(await readFile(rig.local.pathOf(media.sha256))).toEqual(png);
    expect(rig.kept).toHaveLength(1);
    expect(rig.kept[0]).toMatchObject({ volume: rig.local.volume, media: { mediaId: media.mediaId, part: "main" } });
    expect(await rig.leftovers()).toEqual([]);
    const { mode } = await stat(rig.local.pathOf(media.sha256));
    expect(mode & 0o077).toBe(0);
  });

  test("from an address that compresses, redirects and names the file; a login stays with its address", async () => {
    const logins: (string | undefined)[] = [];
    rig = await openIngestRig({
      answer: (request, response) => {
        logins.push(request.headers.authorization);
        if (request.url === "/a/start") return void response.writeHead(302, { location: "../b" }).end("moved");
        if (request.url === "/b") return void response.writeHead(308, { location: rig.web.url("/c") }).end();
        const headers = { "content-encoding": "gzip", "content-disposition": 'attachment; filename="../../etc/x.png"' };
        response.writeHead(200, headers).end(gzipSync(png));
      },
    });
    const source = rig.web.url("/a/start").replace("//", "//user:secret@");
    expect(await rig.take({ source })).toMatchObject({ bytes: png.length, fileName: "x.png" });
    const login = `Basic ${Buffer.from("user:secret").toString("base64")}`;
    expect(logins).toEqual([login, login, undefined]);
  });

  test.each([
    ["a data URI", dataUri("image/png", png)],
    ["a data URI with line breaks", dataUri("image/png", png).replaceAll(/.{70}/g, "$&\r\n")],
    ["a data URI without padding", dataUri("image/png", png).replace(/=+$/, "")],
    ["a data URI with a charset and spaces", ` data:image/png; charset=utf-8 ;base64,${png.toString("base64")}`],
  ])("from %s", async (_, source) => {
    rig = await openIngestRig();
    const media = await rig.take({ source });
    expect(await readFile(rig.local.pathOf(media.sha256))).toEqual(png);
  });

  test("from bare base64, where the caller takes it", async () => {
    rig = await openIngestRig();
    const source = png.toString("base64");
    expect(await rig.take({ source, bareBase64: true, kind: "profilePicture" })).toMatchObject({ bytes: png.length });
    await expect(rig.take({ source })).rejects.toMatchObject({ code: "media_rejected" });
  });

  test("from percent-encoded text", async () => {
    rig = await openIngestRig();
    const media = await rig.take({ kind: "document", source: "data:,ol%C3%A1%2C%20mundo", extension: "csv" });
    expect(media).toMatchObject({ mimeType: "text/csv" });
    expect(await readFile(rig.local.pathOf(media.sha256), "utf8")).toBe("olá, mundo");
  });

  test("twice: one content, two rows", async () => {
    rig = await serving(png);
    const [one, two] = [await rig.take({ source: rig.web.url("/a") }), await rig.take({ source: rig.web.url("/b") })];
    expect(one.sha256).toBe(two.sha256);
    expect(one.mediaId).not.toBe(two.mediaId);
    expect(rig.kept).toHaveLength(2);
  });
});

describe("ingest: the type is what the content says", () => {
  const docx = zipOf({ "[Content_Types].xml": "", "word/document.xml": "" });
  const word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
  const rows: readonly (readonly [string, IngestKind, Buffer, { extension?: string; declared?: string }, string])[] = [
    ["a picture that is called a PDF", "document", png, { extension: "pdf", declared: "application/pdf" }, "image/png"],
    ["a docx that is called an xlsx", "document", docx, { extension: "xlsx" }, word],
    ["a ZIP that is called a PDF", "document", zipOf({ a: "b" }), { extension: "pdf" }, "application/zip"],
    [
      "a ZIP of a kind nobody knows",
      "document",
      zipOf({ a: "b" }),
      { declared: "application/x-kmz" },
      "application/x-kmz",
    ],
    [
      "an old Word file",
      "document",
      Buffer.from("d0cf11e0a1b11ae1", "hex"),
      { extension: "doc" },
      "application/msword",
    ],
    ["data", "document", Buffer.from([0, 1, 2, 3]), {}, "application/octet-stream"],
    [
      "data with a type that breaks headers",
      "document",
      Buffer.from([0, 1, 2]),
      { declared: "a/b\tc" },
      "application/octet-stream",
    ],
    ["HTML that is asked for", "document", Buffer.from("<html></html>"), { extension: "html" }, "text/html"],
    ["a sound without a signature", "audio", Buffer.from([0, 1, 2, 3]), { declared: "audio/mpeg" }, "audio/mpeg"],
  ];
  test.each(rows)("%s", async (_, kind, bytes, { extension, declared = "" }, mimeType) => {
    rig = await openIngestRig();
    const source = dataUri(declared, bytes);
    const media = await rig.take({ kind, source, ...(extension === undefined ? {} : { extension }) });
    expect(media.mimeType).toBe(mimeType);
  });

  test.each([
    ["audio", "tone.mp3", "audio/mpeg"],
    ["audio", "tone.ogg", "audio/ogg; codecs=opus"],
    ["audio", "film.mp4", "video/mp4"],
    ["video", "film.mp4", "video/mp4"],
    ["ptv", "film.mp4", "video/mp4"],
    ["gif", "moving.gif", "image/gif"],
  ] as const)("%s takes %s", async (kind, name, mimeType) => {
    rig = await serving(await readFile(fixture(name)));
    expect(await rig.take({ kind, source: rig.web.url("/x") })).toMatchObject({ mimeType });
  });
});

describe("ingest: what cannot be used is refused and leaves nothing", () => {
  const html = Buffer.from(`<!doctype html><html>${" ".repeat(200_000)}`);
  const rows: readonly (readonly [string, IngestKind, Buffer, string, RegExp])[] = [
    ["an empty file", "image", Buffer.alloc(0), "media_rejected", /0 bytes/],
    [
      "a web page for a picture",
      "image",
      html,
      "media_rejected",
      /^The url informed is not a valid url in the media format/,
    ],
    ["a web page for a document", "document", html, "media_rejected", /apparently it can be an html$/],
    ["a short web page", "document", Buffer.from("<html>login"), "media_rejected", /apparently/],
    [
      "a PDF for a picture",
      "image",
      Buffer.from("%PDF-1.7"),
      "media_rejected",
      /no picture: its content is application\/pdf/,
    ],
    ["a film for a sticker", "sticker", film, "media_rejected", /^Unsupported sticker format: video\/mp4$/],
    ["a picture for a film", "video", png, "media_rejected", /no video/],
    ["a picture for a sound", "audio", png, "media_rejected", /no sound/],
    ["noise for a picture", "image", Buffer.from([1, 2, 3]), "media_rejected", /unknown/],
    ["a sticker of 6 MB", "sticker", Buffer.alloc(6 * 1_048_576, png), "payload_too_large", /larger than 5 MB/],
    ["a profile picture of 11 MB", "profilePicture", Buffer.alloc(11 * 1_048_576, png), "payload_too_large", /10 MB/],
    ["a round video of 17 MB", "ptv", Buffer.alloc(17 * 1_048_576), "payload_too_large", /16 MB/],
  ];
  test.each(rows)("%s", async (_, kind, bytes, code, message) => {
    // Without a declared length, as a stream that is made on the way.
    rig = await openIngestRig({
      answer: (_request, response) => void response.writeHead(200, { "transfer-encoding": "chunked" }).end(bytes),
    });
    await expect(rig.take({ kind, source: rig.web.url("/x") })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    expect(rig.kept).toEqual([]);
    expect(await rig.leftovers()).toEqual([]);
  });

  test.each([
    ["data:image/png;base64,####", /valid base64/],
    ["data:image/png;base64,iVBORw0KGgo=AAAA", /valid base64/],
    ["data:image/png;base64,A", /valid base64/],
    ["data:image/png;base64", /no comma/],
    ["data:,%E0%A4%A", /not valid/],
    ["data:image/png;base64,", /0 bytes/],
    ["", /empty/],
    ["photo.png", /neither/],
    ["http://", /neither/],
  ])("%s", async (source, message) => {
    rig = await openIngestRig();
    await expect(rig.take({ source })).rejects.toMatchObject({
      code: "media_rejected",
      message: expect.stringMatching(message),
    });
    expect(await rig.leftovers()).toEqual([]);
  });

  test.each([
    [404, /Got a 404 error/],
    [410, /invalid media url/],
    [403, /invalid media url/],
    [500, /invalid media url/],
    [204, /invalid media url/],
  ])("an answer %i", async (status, message) => {
    rig = await openIngestRig({ answer: (_, response) => void response.writeHead(status).end() });
    await expect(rig.take({ source: rig.web.url("/x") })).rejects.toMatchObject({
      code: "media_rejected",
      message: expect.stringMatching(message),
    });
  });

  test("a download that breaks off", async () => {
    rig = await openIngestRig({
      answer: (_, response) => {
        response.writeHead(200, { "content-length": "1000000" });
        response.write(png, () => response.destroy());
      },
    });
    await expect(rig.take({ source: rig.web.url("/x") })).rejects.toMatchObject({ code: "media_rejected" });
    expect(await rig.leftovers()).toEqual([]);
  });

  test("damaged compression", async () => {
    rig = await serving(Buffer.from("not gzip at all"), { "content-encoding": "gzip" });
    await expect(rig.take({ source: rig.web.url("/x") })).rejects.toMatchObject({ code: "media_rejected" });
  });

  test("an abort ends it at once, with the signal's reason", async () => {
    rig = await openIngestRig({
      answer: (_, response) => {
        response.writeHead(200);
        response.write(png);
      },
    });
    const controller = new AbortController();
    const taking = rig.ingest({ instanceId: "I", kind: "image", source: rig.web.url("/x") }, controller.signal);
    const reason = new Error("enough");
    setImmediate(() => controller.abort(reason));
    await expect(taking).rejects.toBe(reason);
    expect(await rig.leftovers()).toEqual([]);
  });
});
