import { inflateSync } from "node:zlib";
import { decodeBinaryNode, type BinaryNode } from "@whiskeysockets/baileys";

/** Most bytes a compressed stanza may unfold to. */
const maxInflatedBytes = 16 * 1024 * 1024;

/** Decodes one stanza, compressed or not. Rejects for what is none. */
export async function decodeStanza(bytes: Buffer): Promise<BinaryNode> {
  // WhatsApp protocol: the first byte holds flags, 2 means deflated.
  if (((bytes[0] ?? 0) & 2) === 0) return decodeBinaryNode(bytes);
  const inflated = inflateSync(bytes.subarray(1), { maxOutputLength: maxInflatedBytes });
  return decodeBinaryNode(Buffer.concat([Buffer.from([0]), inflated]));
}
