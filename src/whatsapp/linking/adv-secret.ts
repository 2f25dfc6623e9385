import { randomBytes } from "node:crypto";
import type { WASocket } from "@whiskeysockets/baileys";

const secretBytes = 32;

/**
 * Replaces the secret by which a phone's word is checked when it accepts this device, and has it stored; `secret` is
 * base64 of 32 bytes. WhatsApp protocol: it is in every QR code, a pairing code derives another, a passkey another.
 */
export function replaceAdvSecret(sock: Pick<WASocket, "authState" | "ev">, secret: string): void {
  const { creds } = sock.authState;
  creds.advSecretKey = secret;
  // All of them, as Baileys does: of a part it would take it that the push name is gone.
  sock.ev.emit("creds.update", creds);
}

/** A secret that nobody has seen. */
export function newAdvSecret(): string {
  return randomBytes(secretBytes).toString("base64");
}
