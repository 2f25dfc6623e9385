import { expect, test } from "vitest";

import { readEventStream } from "#cli/event-stream.ts";

const text =
  'retry: 1000\nid: 4\n\n: beat\n\nid: 5\nevent: A\ndata: {"x":"é"}\n\nid: 6\nevent: B\ndata: one\ndata: two\n\nid: 7';
const frames = [{ id: "4" }, { id: "5", event: "A", data: '{"x":"é"}' }, { id: "6", event: "B", data: "one\ntwo" }];

test.each([1, 2, 3, 7, 1000])(
  "readEventStream: pieces of %d bytes give the same frames, an unfinished one is dropped",
  async (size) => {
    const bytes = new TextEncoder().encode(text);
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    }
    expect(await Array.fromAsync(readEventStream(pieces()))).toEqual(frames);
  },
);
