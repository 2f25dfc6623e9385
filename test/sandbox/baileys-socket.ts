import { initAuthCreds, makeWASocket, type AuthenticationCreds, type WASocket } from "@whiskeysockets/baileys";
import { createBaileysLog } from "./baileys-log.ts";
import { memoryKeyStore } from "./memory-key-store.ts";

/** A real Baileys socket to a test server. Ended by disposing it. */
export function connectSocket(
  url: string,
  creds: AuthenticationCreds = initAuthCreds(),
): { readonly sock: WASocket; readonly creds: AuthenticationCreds; readonly qr: Promise<string> } & AsyncDisposable {
  const sock = makeWASocket({
    waWebSocketUrl: url,
    auth: { creds, keys: memoryKeyStore() },
    logger: createBaileysLog(),
  });
  const { promise: qr, resolve } = Promise.withResolvers<string>();
  sock.ev.on("connection.update", (update) => {
    if (update.qr !== undefined) resolve(update.qr);
  });
  return {
    sock,
    creds,
    qr,
    async [Symbol.asyncDispose]() {
      await sock.end(undefined);
    },
  };
}
