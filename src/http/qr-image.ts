import { crc32, deflateSync } from "node:zlib";

import qrcode from "qrcode-terminal";

/** A QR code as rows of modules, true is dark, without the quiet zone. */
export type QrModules = readonly (readonly boolean[])[];

// Sides of the half-block characters qrcode-terminal prints two rows with: [upper is dark, lower is dark].
const halfBlocks: Readonly<Record<string, readonly [boolean, boolean]>> = {
  "\u2588": [false, false],
  "\u2580": [false, true],
  "\u2584": [true, false],
  " ": [true, true],
};

const scale = 8;
const quietModules = 4;

/** Draws the text as a QR code. */
export function qrModules(text: string): QrModules {
  let drawn = "";
  qrcode.generate(text, { small: true }, (output) => {
    drawn = output;
  });
  const lines = drawn.split("\n");
  // A one-module frame surrounds the code: the first line is its top, the first and last character its sides.
  const size = (lines[0]?.length ?? 2) - 2;
  const rows: boolean[][] = [];
  for (const line of lines.slice(1)) {
    const cells = Array.from(line.slice(1, size + 1), (char) => halfBlocks[char] ?? ([false, false] as const));
    rows.push(
      cells.map(([upper]) => upper),
      cells.map(([, lower]) => lower),
    );
  }
  return rows.slice(0, size);
}

/** The same as a PNG, black on white with the quiet zone, as a data URI. */
export function qrImage(text: string): string {
  return `data:image/png;base64,${encodePng(qrModules(text)).toString("base64")}`;
}

/** One bit a pixel, grey: the smallest PNG that every reader knows. */
function encodePng(modules: QrModules): Buffer {
  const side = (modules.length + 2 * quietModules) * scale;
  const bytesPerRow = Math.ceil(side / 8);
  const raw = Buffer.alloc((bytesPerRow + 1) * side, 0xff);
  for (let y = 0; y < side; y++) {
    const start = y * (bytesPerRow + 1);
    raw[start] = 0;
    const row = modules[Math.floor(y / scale) - quietModules];
    if (row === undefined) continue;
    // A module is eight pixels wide, which is one byte.
    for (const [x, dark] of row.entries()) if (dark) raw[start + 1 + quietModules + x] = 0;
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 1;
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(raw)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
