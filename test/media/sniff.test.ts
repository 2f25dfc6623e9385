import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readMp4 } from "#media/formats/mp4.ts";
import { baseType, extensionOfType, groupOf, isMimeType, typeOfExtension } from "#media/types/file-type.ts";
import { sniffFile } from "#media/types/sniff-file.ts";
import { fixture, openTempDir } from "./temp-dir.ts";
import { zipOf } from "./zip.ts";

let dir: Awaited<ReturnType<typeof openTempDir>>;
beforeAll(async () => {
  dir = await openTempDir();
});
afterAll(() => dir[Symbol.asyncDispose]());

const picture = () => sharp({ create: { width: 8, height: 6, channels: 3, background: "red" } });
const types = "[Content_Types].xml";
const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");
const ooxml = "application/vnd.openxmlformats-officedocument";

const contents: readonly (readonly [name: string, bytes: () => Buffer | Promise<Buffer>, type: string | undefined])[] =
  [
    ["JPEG", () => picture().jpeg().toBuffer(), "image/jpeg"],
    ["PNG", () => picture().png().toBuffer(), "image/png"],
    ["WebP", () => picture().webp().toBuffer(), "image/webp"],
    ["GIF", () => picture().gif().toBuffer(), "image/gif"],
    ["TIFF", () => picture().tiff().toBuffer(), "image/tiff"],
    ["AVIF", () => picture().avif().toBuffer(), "image/avif"],
    ["HEIC", () => hex("00000018 66747970 68656963 00000000 6d696631 68656963"), "image/heic"],
    ["BMP", () => hex("424d 46000000 00000000 36000000 28000000 02000000 02000000 0100 1800"), "image/bmp"],
    ["a text that begins with BM", () => Buffer.from("BM stands for nothing"), "text/plain"],
    ["SVG", () => Buffer.from('<?xml version="1.0"?>\n<!-- a -->\n<svg xmlns="x"/>'), "image/svg+xml"],
    ["PDF", () => Buffer.from("%PDF-1.7\n%âãÏÓ\n"), "application/pdf"],
    ["PDF after a few bytes", () => Buffer.from("\n\n%PDF-1.4 x"), "application/pdf"],
    [
      "docx",
      () => zipOf({ [types]: "", "_rels/.rels": "", "word/document.xml": "" }),
      `${ooxml}.wordprocessingml.document`,
    ],
    ["xlsx", () => zipOf({ [types]: "", "_rels/.rels": "", "xl/workbook.xml": "" }), `${ooxml}.spreadsheetml.sheet`],
    ["pptx", () => zipOf({ [types]: "", "_rels/.rels": "", "ppt/a.xml": "" }), `${ooxml}.presentationml.presentation`],
    ["xlsm", () => zipOf({ [types]: "", "xl/vbaProject.bin": "" }), "application/vnd.ms-excel.sheet.macroEnabled.12"],
    [
      "odt",
      () => zipOf({ mimetype: "application/vnd.oasis.opendocument.text" }),
      "application/vnd.oasis.opendocument.text",
    ],
    ["epub", () => zipOf({ mimetype: "application/epub+zip", "META-INF/container.xml": "" }), "application/epub+zip"],
    [
      "apk",
      () => zipOf({ "AndroidManifest.xml": "", "META-INF/MANIFEST.MF": "" }),
      "application/vnd.android.package-archive",
    ],
    ["jar", () => zipOf({ "META-INF/MANIFEST.MF": "" }), "application/java-archive"],
    ["a ZIP with relations only", () => zipOf({ "_rels/.rels": "", "a.txt": "" }), "application/zip"],
    ["a cut ZIP", () => zipOf({ "a.txt": "hello" }).subarray(0, 40), "application/zip"],
    ["an empty ZIP", () => zipOf({}), "application/zip"],
    ["CFB (old Office)", () => hex("d0cf11e0a1b11ae1 0000"), "application/x-cfb"],
    ["RTF", () => Buffer.from("{\\rtf1\\ansi x}"), "application/rtf"],
    ["HTML", () => Buffer.from("<!DOCTYPE html><html></html>"), "text/html"],
    ["HTML after a comment", () => Buffer.from("\uFEFF <!-- hi -->\n<HTML><head>"), "text/html"],
    ["HTML that is declared as XML", () => Buffer.from('<?xml version="1.0"?><!DOCTYPE html><html>'), "text/html"],
    ["XML", () => Buffer.from('<?xml version="1.0"?><nfe/>'), "application/xml"],
    ["JSON", () => Buffer.from('{"a": 1}'), "application/json"],
    ["vCard", () => Buffer.from("BEGIN:VCARD\nVERSION:3.0\n"), "text/vcard"],
    ["text", () => Buffer.from("olá, mundo"), "text/plain"],
    ["text whose last letter is cut", () => Buffer.from("mundo é").subarray(0, 7), "text/plain"],
    ["data", () => hex("00010203 04050607 08"), undefined],
    ["nothing", () => Buffer.alloc(0), undefined],
    ["ADTS", () => hex("fff15080 2e7ffc"), "audio/aac"],
    ["MP3 without a tag", () => hex("fffb9064 00000000"), "audio/mpeg"],
    ["AMR", () => Buffer.from("#!AMR\n"), "audio/amr"],
    ["3GP", () => hex("00000014 66747970 33677034 00000000"), "video/3gpp"],
    ["AVI", () => Buffer.from("RIFF\0\0\0\0AVI LIST"), "video/x-msvideo"],
    ["7z", () => hex("377abcaf271c 0004"), "application/x-7z-compressed"],
  ];

describe("sniffFile: the content says what it is", () => {
  test.each(contents)("%s", async (name, bytes, type) => {
    const path = join(dir.path, name.replaceAll(/\W/g, "-"));
    await writeFile(path, await bytes());
    expect(await sniffFile(path)).toBe(type);
  });

  test.each([
    ["tone.mp3", "audio/mpeg"],
    ["tone.wav", "audio/wav"],
    ["tone.flac", "audio/flac"],
    ["tone.ogg", "audio/ogg; codecs=opus"],
    ["vorbis.ogg", "audio/ogg"],
    // Its brand is mp42, as that of a film.
    ["tone.m4a", "audio/mp4"],
    ["film.mp4", "video/mp4"],
    ["film.mov", "video/quicktime"],
    ["film.webm", "video/webm"],
    ["moving.gif", "image/gif"],
  ])("%s", async (name, type) => {
    expect(await sniffFile(fixture(name))).toBe(type);
  });
});

describe("readMp4", () => {
  test.each([
    [
      "film.mp4",
      {
        durationMs: 2_000,
        width: 160,
        height: 120,
        hasVideo: true,
        hasAudio: true,
        videoCodec: "avc1",
        audioCodec: "mp4a",
      },
    ],
    ["turned.mp4", { width: 120, height: 160, hasVideo: true, hasAudio: false }],
    ["tone.m4a", { width: 0, height: 0, hasVideo: false, hasAudio: true }],
    ["film.mov", { width: 160, height: 120, hasVideo: true, hasAudio: false }],
  ])("%s", async (name, facts) => {
    const found = await readMp4(fixture(name));
    expect(found).toMatchObject(facts);
    expect(found!.durationMs).toBeGreaterThan(900);
  });

  test.each([
    ["another format", Buffer.from("RIFF")],
    ["a box of length 1 without its long length", Buffer.from("000000016d6f6f76", "hex")],
    ["a box that is smaller than its header", Buffer.from("000000046d6f6f76", "hex")],
    ["a header that never ends", Buffer.from("ffffffff6d6f6f76ffffffff7472616b", "hex")],
    ["no header", Buffer.concat([Buffer.from("0000000c6d64617400000000", "hex")])],
  ])("undefined for %s", async (name, bytes) => {
    const path = join(dir.path, `mp4-${name.replaceAll(/\W/g, "-")}`);
    await writeFile(path, bytes);
    expect(await readMp4(path)).toBeUndefined();
  });
});

describe("file types", () => {
  test.each([
    ["image/jpeg", "jpg"],
    ["image/JPEG", "jpg"],
    ["audio/ogg; codecs=opus", "ogg"],
    ["audio/mp4; foo=bar", "m4a"],
    ["text/csv", "csv"],
    ["application/x-unknown", undefined],
  ])("%s has the extension %s", (type, extension) => {
    expect(extensionOfType(type)).toBe(extension);
  });

  test.each([
    [".PDF", "application/pdf"],
    ["jpeg", "image/jpeg"],
    ["opus", "audio/ogg; codecs=opus"],
    ["constructor", undefined],
  ])("the extension %s stands for %s", (extension, type) => {
    expect(typeOfExtension(extension)).toBe(type);
  });

  test("a type without parameters, a group, a header value", () => {
    expect(baseType("Audio/Ogg; codecs=opus")).toBe("audio/ogg");
    expect(["image/x-new", "application/pdf", "constructor"].map(groupOf)).toEqual(["image", "document", "document"]);
    expect(["audio/ogg; codecs=opus", "a/b", 'a/b; c="d e"'].every(isMimeType)).toBe(true);
    expect(["a/b\r\nx: y", "text", "a/b; x", "", "a /b"].some(isMimeType)).toBe(false);
  });
});
