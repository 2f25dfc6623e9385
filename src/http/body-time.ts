import type { IncomingMessage } from "node:http";

import { sleep } from "#lib/sleep.ts";

/** Told to a request whose body may take as long as it takes, because its route watches over it. */
const lifted = "wazapi:body-time-lifted";

/**
 * Cuts the connection of a request whose body is not there after so long, read or not. Node's own limit is one for all
 * requests and knows no exception.
 */
export function limitBodyTime(request: IncomingMessage, limitMs: number): void {
  const { "content-length": length, "transfer-encoding": coding } = request.headers;
  if (coding === undefined && (length === undefined || length === "0")) return;
  const over = new AbortController();
  const end = (): void => over.abort("over");
  request.once("close", end).once(lifted, end);
  void sleep(limitMs, over.signal).then(() => {
    if (!over.signal.aborted && !request.complete) request.destroy();
  });
}

/** Takes the limit off a request: for a route that ends by itself when nothing comes any more. */
export function liftBodyTime(request: IncomingMessage): void {
  request.emit(lifted);
}
