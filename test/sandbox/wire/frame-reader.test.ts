import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFrameReader, introHeader } from "#sandbox/wire/frame-reader.ts";

function read(pieces: readonly Uint8Array[], maxFrameBytes = 1000): { intros: number; frames: string[] } {
  let intros = 0;
  const frames: string[] = [];
  const reader = createFrameReader({
    intro: () => {
      intros += 1;
    },
    frame: (body) => frames.push(Buffer.from(body).toString("hex")),
    maxFrameBytes: () => maxFrameBytes,
  });
  for (const piece of pieces) reader.feed(Buffer.from(piece));
  return { intros, frames };
}

function framed(body: Uint8Array): Buffer {
  const head = Buffer.alloc(3);
  head.writeUIntBE(body.length, 0, 3);
  return Buffer.concat([head, body]);
}

const routing = (info: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from("4544_0001".replace("_", ""), "hex"), framed(info)]);

describe("frame reader", () => {
  it("any split of the bytes yields the same frames", () => {
    fc.assert(
      fc.property(
        fc.option(fc.uint8Array({ maxLength: 40 }), { nil: undefined }),
        fc.array(fc.uint8Array({ maxLength: 70 }), { maxLength: 6 }),
        fc.array(fc.nat({ max: 400 }), { maxLength: 12 }),
        (info, bodies, cuts) => {
          const head = info === undefined ? introHeader : Buffer.concat([routing(info), introHeader]);
          const all = Buffer.concat([head, ...bodies.map(framed)]);
          const places = [0, ...cuts.map((cut) => Math.min(cut, all.length)).sort((a, b) => a - b), all.length];
          const pieces = places.slice(1).map((place, n) => all.subarray(places[n], place));
          const want = { intros: 1, frames: bodies.map((body) => Buffer.from(body).toString("hex")) };
          expect(read(pieces)).toEqual(want);
        },
      ),
    );
  });

  it("byte by byte it is the same", () => {
    const all = Buffer.concat([
      routing(Buffer.from("where")),
      introHeader,
      framed(Buffer.from("one")),
      framed(Buffer.from("two")),
    ]);
    expect(read([...all].map((byte) => Uint8Array.of(byte)))).toEqual({ intros: 1, frames: ["6f6e65", "74776f"] });
  });

  it.each([
    ["another protocol", Buffer.from("GET / HTTP/1.1")],
    ["another dictionary", Buffer.from([0x57, 0x41, 6, 2])],
    ["routing information without an intro", Buffer.concat([routing(Buffer.from("x")), Buffer.from("nope")])],
    ["a frame that is too long", Buffer.concat([introHeader, Buffer.from([0x00, 0x04, 0x00])])],
  ])("%s is refused", (_what, bytes) => {
    expect(() => read([bytes])).toThrow();
  });

  it("an unfinished frame is held, not handed out", () => {
    expect(read([introHeader, framed(Buffer.alloc(900)).subarray(0, 899)])).toEqual({ intros: 1, frames: [] });
  });
});
