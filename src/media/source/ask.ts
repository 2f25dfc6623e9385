import { type IncomingMessage, type OutgoingHttpHeaders, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { LookupFunction } from "node:net";

/** One GET. */
export interface Question {
  readonly url: URL;
  readonly headers: OutgoingHttpHeaders;
  /** Finds the address that is dialled. */
  readonly lookup: LookupFunction;
  /** Until the connection stands, milliseconds. */
  readonly connectMs: number;
  /** From then until the head of the answer is there, milliseconds. */
  readonly headersMs: number;
}

/** The server took too long. */
class TimeoutError extends Error {
  override readonly name = "TimeoutError";
  readonly code = "ETIMEDOUT";
}

/**
 * Asks over a connection of its own and answers when the head is there; no redirect is followed. Whoever gets the answer
 * reads or destroys it; the signal cuts it at any time.
 */
export async function ask(question: Question, signal: AbortSignal): Promise<IncomingMessage> {
  const { url, headers, lookup } = question;
  const send = url.protocol === "https:" ? requestHttps : requestHttp;
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = send(url, { headers, lookup, signal, agent: false });
  let timer = setTimeout(() => request.destroy(new TimeoutError("no connection in time")), question.connectMs);
  request.once("socket", (socket) => {
    socket.once(url.protocol === "https:" ? "secureConnect" : "connect", () => {
      clearTimeout(timer);
      timer = setTimeout(() => request.destroy(new TimeoutError("no answer in time")), question.headersMs);
    });
  });
  request.once("response", resolve);
  // Also later ones, when nobody waits for the head any more.
  request.on("error", reject);
  request.end();
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}
