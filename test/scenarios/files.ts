import { readFile } from "node:fs/promises";
import sharp from "sharp";
import { fixture } from "../media/temp-dir.ts";
import { startWeb } from "../media/web.ts";

/** One small file of each kind, on a web server of its own. */
export interface SampleFiles extends AsyncDisposable {
  readonly url: (name: string) => string;
  readonly dataUri: (name: string) => string;
  readonly bytesOf: (name: string) => Buffer;
  /** Names that were asked for since the last call. */
  readonly asked: () => readonly string[];
}

/** Starts serving them; every other name is a 404. */
export async function serveSamples(): Promise<SampleFiles> {
  const picture = sharp({ create: { width: 30, height: 20, channels: 3, background: "teal" } });
  const files: Readonly<Record<string, { readonly type: string; readonly bytes: Buffer }>> = {
    "a.png": { type: "image/png", bytes: await picture.png().toBuffer() },
    "a.webp": { type: "image/webp", bytes: await picture.webp().toBuffer() },
    "sticker.webp": { type: "image/webp", bytes: await picture.clone().resize(512, 512).webp().toBuffer() },
    "a.mp4": { type: "video/mp4", bytes: await readFile(fixture("film.mp4")) },
    "a.gif": { type: "image/gif", bytes: await readFile(fixture("moving.gif")) },
    "a.ogg": { type: "audio/ogg", bytes: await readFile(fixture("tone.ogg")) },
    "a.mp3": { type: "audio/mpeg", bytes: await readFile(fixture("tone.mp3")) },
    "a.pdf": { type: "application/pdf", bytes: pdfOf(3) },
    "a.csv": { type: "text/csv", bytes: Buffer.from("a;b\n1;2\n") },
    "large.mp4": {
      type: "video/mp4",
      bytes: Buffer.concat([await readFile(fixture("film.mp4")), Buffer.alloc(10 * 1_048_576)]),
    },
    "empty.pdf": { type: "application/pdf", bytes: Buffer.alloc(0) },
    "login.jpg": { type: "text/html", bytes: Buffer.from("<!doctype html><html>sign in</html>") },
  };
  let asked: string[] = [];
  const web = await startWeb((request, response) => {
    const name = (request.url ?? "").slice(1);
    asked.push(name);
    const file = files[name];
    if (file === undefined) return void response.writeHead(404).end("gone");
    response.writeHead(200, { "content-type": file.type, "content-length": file.bytes.length }).end(file.bytes);
  });
  return {
    url: (name) => web.url(`/${name}`),
    dataUri: (name) => `data:${files[name]!.type};base64,${files[name]!.bytes.toString("base64")}`,
    bytesOf: (name) => files[name]!.bytes,
    asked: () => {
      const before = asked;
      asked = [];
      return before;
    },
    [Symbol.asyncDispose]: () => web[Symbol.asyncDispose](),
  };
}

/** A PDF with that many empty pages. */
function pdfOf(pages: number): Buffer {
  const kids = Array.from({ length: pages }, (_, index) => `${index + 3} 0 R`).join(" ");
  const objects = [
    "<</Type/Catalog/Pages 2 0 R>>",
    `<</Type/Pages/Kids[${kids}]/Count ${pages}>>`,
    ...Array.from({ length: pages }, () => "<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]>>"),
  ];
  let text = "%PDF-1.4\n";
  const at = objects.map((object, index) => {
    const offset = text.length;
    text += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const table = at.map((offset) => `${String(offset).padStart(10, "0")} 00000 n \n`).join("");
  const size = objects.length + 1;
  text += `xref\n0 ${size}\n0000000000 65535 f \n${table}trailer\n<</Size ${size}/Root 1 0 R>>\nstartxref\n${text.length}\n%%EOF\n`;
  return Buffer.from(text, "latin1");
}
