import { inflateSync } from "node:zlib";

import qrcode from "qrcode-terminal";
import { expect, test } from "vitest";

import { qrImage, qrModules } from "#http/qr-image.ts";

const texts = ["A", "2@abcDEF/123+==,xyz,0", `2@${"abcdefgh12345678".repeat(14)}`];

test.each(texts)("qrModules: the modules are those of the encoder (%#)", (text) => {
  expect(qrModules(text)).toEqual(drawnLarge(text));
});

test.each(texts)("qrImage: the PNG shows the modules with a quiet zone of four (%#)", (text) => {
  const png = Buffer.from(qrImage(text).replace("data:image/png;base64,", ""), "base64");
  const side = png.readUInt32BE(16);
  const modules = qrModules(text);
  expect(side).toBe((modules.length + 8) * 8);
  const data = png.subarray(41, 41 + png.readUInt32BE(33));
  const raw = inflateSync(data);
  const bytesPerRow = side / 8 + 1;
  const seen = modules.map((_row, y) =>
    modules.map((_module, x) => raw[((y + 4) * 8 + 3) * bytesPerRow + 1 + 4 + x] === 0),
  );
  expect(seen).toEqual(modules);
});

/** The modules as the encoder draws them one by one, each two spaces on black or white, without the frame. */
function drawnLarge(text: string): boolean[][] {
  let drawn = "";
  qrcode.generate(text, { small: false }, (output) => {
    drawn = output;
  });
  return drawn
    .split("\n")
    .slice(1, -1)
    .map((line) => Array.from(line.matchAll(/\[(40|47)m/g), ([, colour]) => colour === "40").slice(1, -1));
}
