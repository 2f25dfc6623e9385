import type { BinaryNode, WASocket } from "@whiskeysockets/baileys";
import type { Log } from "#lib/log.ts";

/**
 * Takes a notification that comes before a phone accepted this device. Answers nothing, or a code for the server when
 * it cannot be used (WhatsApp protocol: 487 for one that cannot be read). Must not throw.
 */
export type EarlyNoticeHandler = (notice: BinaryNode) => number | undefined;

/** What the notifications before the login are taken with. */
export interface EarlyNoticeDeps {
  readonly sock: Pick<WASocket, "ws" | "sendNode">;
  /** Whether a phone accepted this device: from then on notifications are Baileys' business. */
  readonly isLinked: () => boolean;
  readonly log: Log;
}

/**
 * Keeps every notification from Baileys until a phone accepted this device. Baileys has no answer to most of them then,
 * and acknowledges none while it does not know who it is: here each is taken by the handler of its type and acknowledged
 * once; those that do not come from the server are acknowledged and do nothing. Call it when all other listeners for notifications are on the socket. `handlers` may be added to at any time.
 */
export function takeEarlyNotices(deps: EarlyNoticeDeps, handlers: ReadonlyMap<string, EarlyNoticeHandler>): void {
  const { ws } = deps.sock;
  const event = "CB:notification";
  const others = ws.listeners(event);
  ws.removeAllListeners(event);
  ws.on(event, (notice: BinaryNode) => {
    if (deps.isLinked()) {
      for (const listener of others) listener.call(ws, notice);
      return;
    }
    const { type = "", from = "" } = notice.attrs;
    // What is not the server's own word changes nothing about linking.
    const handler = isServer(from) ? handlers.get(type) : undefined;
    if (handler === undefined) deps.log.info({ type }, "a notification that nobody takes came before the login");
    void acknowledge(deps, notice, handler?.(notice));
  });
}

/** WhatsApp protocol: the server itself, as Baileys reads its name or as it is written. */
const isServer = (jid: string): boolean => jid.replace(/^@/, "") === "s.whatsapp.net";

/** WhatsApp protocol: every notification is acknowledged, linked or not; `error` says that it could not be used. */
async function acknowledge(deps: EarlyNoticeDeps, notice: BinaryNode, error: number | undefined): Promise<void> {
  const { id = "", from = "", type } = notice.attrs;
  const attrs = {
    class: "notification",
    id,
    to: from,
    ...(type !== undefined && { type }),
    ...(error !== undefined && { error: String(error) }),
  };
  try {
    await deps.sock.sendNode({ tag: "ack", attrs });
  } catch (cause) {
    deps.log.debug({ type, error: cause }, "a notification before the login was not acknowledged");
  }
}
