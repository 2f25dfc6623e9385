import type { EventEmitter } from "node:events";

/**
 * Puts a catch around every listener that Baileys has on its websocket client. Some of them are asynchronous and answer
 * the server without one: a connection that closes at that moment would be a rejection that nobody handles, and Node
 * ends the process for it, with every other session. Call it right after `makeWASocket`, before anybody else listens.
 *
 * `failed` is told the event and the error; `message` is the raw frame: what comes behind one that cannot be read cannot
 * be read either. The guarded listeners never throw or reject, and resolve when the original has ended.
 */
export function guardListeners(ws: EventEmitter, failed: (event: string, error: unknown) => void): void {
  for (const event of ws.eventNames()) {
    if (typeof event !== "string" || !(event === "message" || event.startsWith("CB:"))) continue;
    const originals = ws.listeners(event);
    ws.removeAllListeners(event);
    for (const listener of originals) {
      ws.on(event, (...input: unknown[]): unknown =>
        Promise.try((): unknown => listener.apply(ws, input)).catch((error: unknown) => failed(event, error)),
      );
    }
  }
}
