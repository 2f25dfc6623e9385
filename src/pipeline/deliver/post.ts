import { Agent, request, type Dispatcher } from "undici";
import type { AddressGuard } from "#lib/guard.ts";
import { checkLiteral, guardedLookup } from "#lib/guarded-lookup.ts";

/** Limits of one request. */
export interface PostOptions {
  /** From the first byte sent to the last byte taken of the answer, milliseconds. */
  readonly timeoutMs: number;
  /** Bytes kept of the answer. */
  readonly answerBytes: number;
  /** Open connections to one origin. */
  readonly connectionsPerOrigin: number;
  /** How long an unused connection stays open, milliseconds. */
  readonly keepAliveMs: number;
}

/** What came back. */
interface Answer {
  readonly status: number;
  readonly retryAfter?: string | string[];
  /** The beginning of the body as text. */
  readonly text: string;
}

/** Sends one body. Throws the client's error when there is no answer, `WAZAPI_TIMEOUT` when it took too long. */
export type Post = (
  input: { readonly url: string; readonly headers: Readonly<Record<string, string>>; readonly body: string },
  signal: AbortSignal,
) => Promise<Answer>;

/** Opens the HTTP client: keep-alive, no redirects, every address through the guard. Whoever opens it closes it. */
export function createPost(guard: AddressGuard, options: PostOptions): { readonly post: Post } & AsyncDisposable {
  const agent = new Agent({
    connections: options.connectionsPerOrigin,
    pipelining: 1,
    keepAliveTimeout: options.keepAliveMs,
    headersTimeout: options.timeoutMs,
    bodyTimeout: options.timeoutMs,
    connect: { lookup: guardedLookup(guard), timeout: options.timeoutMs },
  });
  const post: Post = async ({ url, headers, body }, signal) => {
    const target = new URL(url);
    await checkLiteral(guard, target.hostname);
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(new TimeoutError()), options.timeoutMs);
    const stop = (): void => deadline.abort(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    try {
      signal.throwIfAborted();
      const response = await request(target, {
        method: "POST",
        headers,
        body,
        dispatcher: agent,
        signal: deadline.signal,
      });
      const retryAfter = response.headers["retry-after"];
      const text = await beginningOf(response.body, options.answerBytes);
      return { status: response.statusCode, text, ...(retryAfter === undefined ? {} : { retryAfter }) };
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
    }
  };
  return {
    post,
    [Symbol.asyncDispose]: async () => {
      // Nobody waits for answers any more: close() would wait for servers that never give one.
      await agent.destroy();
    },
  };
}

/** The answer took too long. */
class TimeoutError extends Error {
  override readonly name = "TimeoutError";
  readonly code = "WAZAPI_TIMEOUT";
}

/** Reads what is kept and the rest of a small body, so that the connection can be used again. */
async function beginningOf(body: Dispatcher.ResponseData["body"], limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let kept = 0;
  let seen = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      // Buffers are what undici streams without an encoding.
      if (kept < limit) chunks.push(chunk.subarray(0, limit - kept));
      kept += Math.min(chunk.length, limit - kept);
      seen += chunk.length;
      if (seen > drainBytes) break;
    }
  } catch {
    // The status is what decides; a body that breaks off changes nothing.
  }
  return Buffer.concat(chunks).toString("utf8");
}

// A longer answer costs the connection.
const drainBytes = 65_536;
