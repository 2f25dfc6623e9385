/** One frame of a stream of server-sent events. */
export interface StreamFrame {
  readonly id?: string;
  readonly event?: string;
  readonly data?: string;
}

/** Longest frame that is taken; a longer one ends the stream with an error. */
const maxFrameChars = 16 * 1024 * 1024;

/** The frames of a server-sent event stream, comments left out. Holds one frame at a time. */
export async function* readEventStream(body: AsyncIterable<Uint8Array>): AsyncGenerator<StreamFrame, void, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    const frames = rest.split("\n\n");
    rest = frames.pop() ?? "";
    if (rest.length > maxFrameChars) throw new Error("a frame of the event stream is too long");
    for (const frame of frames.map(frameOf)) if (Object.keys(frame).length > 0) yield frame;
  }
}

function frameOf(text: string): StreamFrame {
  const frame: { -readonly [K in keyof StreamFrame]: string } = {};
  for (const line of text.split("\n")) {
    const [, name, value = ""] = /^(id|event|data): ?(.*)$/s.exec(line) ?? [];
    if (name === "data") frame.data = frame.data === undefined ? value : `${frame.data}\n${value}`;
    else if (name === "id" || name === "event") frame[name] = value;
  }
  return frame;
}
