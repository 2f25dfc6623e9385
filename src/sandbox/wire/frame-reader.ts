/** Cuts a client's byte stream into its intro and its frames, however the bytes are split. */
export interface FrameReader {
  /** Takes the next bytes and hands out what is complete. Throws for an intro or a length that cannot be right. */
  feed(bytes: Buffer): void;
}

/** Where the parts go, in the order of arrival, while `feed` runs. */
export interface FrameSink {
  /** The four bytes that begin every connection. */
  readonly intro: (header: Buffer) => void;
  readonly frame: (body: Buffer) => void;
  /** Longest frame that is taken now, in bytes. */
  readonly maxFrameBytes: () => number;
}

/** WhatsApp protocol: `WA`, protocol 6, dictionary 3. */
export const introHeader = Buffer.from([0x57, 0x41, 6, 3]);

/** WhatsApp protocol: clients with routing information put it in front of the intro, behind these bytes. */
const routingHeader = Buffer.from([0x45, 0x44, 0, 1]);

/** A reader at the start of a connection. It holds at most one unfinished frame and the piece it was fed last. */
export function createFrameReader(sink: FrameSink): FrameReader {
  const parser = parse(sink);
  let wanted = next(parser);
  let pieces: Buffer[] = [];
  let held = 0;
  return {
    feed(bytes) {
      pieces.push(bytes);
      held += bytes.length;
      while (held >= wanted) {
        const whole = pieces.length === 1 ? bytesOrEmpty(pieces) : Buffer.concat(pieces);
        pieces = [whole.subarray(wanted)];
        held -= wanted;
        wanted = next(parser, whole.subarray(0, wanted));
      }
    },
  };
}

/** Says how many bytes it wants next and gets exactly those. */
function* parse(sink: FrameSink): Generator<number, never, Buffer> {
  let header = yield 4;
  if (header.equals(routingHeader)) {
    yield uint24(yield 3);
    header = yield 4;
  }
  if (!header.equals(introHeader)) throw new Error("the connection does not begin as WhatsApp's do");
  sink.intro(header);
  for (;;) {
    const size = uint24(yield 3);
    if (size > sink.maxFrameBytes()) throw new Error(`a frame of ${size} bytes is too long here`);
    sink.frame(yield size);
  }
}

function next(parser: Generator<number, never, Buffer>, bytes: Buffer = Buffer.alloc(0)): number {
  return parser.next(bytes).value;
}

const bytesOrEmpty = ([piece]: readonly Buffer[]): Buffer => piece ?? Buffer.alloc(0);

const uint24 = (bytes: Buffer): number => bytes.readUIntBE(0, 3);
