import type { EventEmitter } from "node:events";
import { getBinaryNodeChild, type BinaryNode } from "@whiskeysockets/baileys";

/**
 * Tells when WhatsApp announces the end of the version that was presented; epoch milliseconds. WhatsApp protocol: it is
 * `<client_expiration t>` in an `<ib>`, in seconds since 1970.
 */
export function followExpiration(ws: EventEmitter, expires: (at: number) => void): void {
  ws.on("CB:ib,,client_expiration", (node: BinaryNode) => {
    const seconds = Number(getBinaryNodeChild(node, "client_expiration")?.attrs["t"]);
    if (Number.isSafeInteger(seconds) && seconds > 0) expires(seconds * 1000);
  });
}
