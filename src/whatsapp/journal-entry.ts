import { createHash } from "node:crypto";
import { encodeBinaryNode, type BinaryNode } from "@whiskeysockets/baileys";
import type { JournalEntry } from "#store/auth-state.ts";

/** Attributes of the stanza a ciphertext came in. */
export type StanzaAttrs = Readonly<Record<string, string>>;

/** The stanza a ciphertext came in. */
export interface StanzaRef {
  readonly attrs: StanzaAttrs;
  readonly node: BinaryNode;
  /** Called when it is through: its plaintext, or that it has none, is durable. */
  readonly settled: () => void;
  /** Called when its decryption starts: from then on nothing can overtake it. */
  readonly reached: () => void;
}

/** Which stanza each ciphertext buffer arrived in. The same buffer object reaches the decryption, so identity is enough. */
export type Correlation = WeakMap<Uint8Array, StanzaRef>;

/** SHA-256 in hex. */
export function contentHashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** What was decrypted out of one ciphertext. */
export function plaintextEntry(input: {
  readonly contentHash: string;
  readonly attrs: StanzaAttrs;
  readonly plaintext: Uint8Array;
  readonly now: number;
}): JournalEntry {
  return {
    kind: "plaintext",
    contentHash: input.contentHash,
    stanzaId: input.attrs["id"] ?? input.contentHash,
    attrs: JSON.stringify(input.attrs),
    payload: input.plaintext,
    at: input.now,
  };
}

/** A whole stanza that is not encrypted for us. */
export function stanzaEntry(node: BinaryNode, now: number): JournalEntry {
  const payload = encodeBinaryNode(node);
  const contentHash = contentHashOf(payload);
  return {
    kind: "stanza",
    contentHash,
    stanzaId: journalIdOf(node, contentHash),
    attrs: JSON.stringify(node.attrs),
    payload,
    at: now,
  };
}

/**
 * The id an entry of this stanza is settled by. A message or status goes by its message id, like its decrypted kin. A receipt
 * carries the id of the message it is about, so it needs one of its own.
 */
function journalIdOf(node: BinaryNode, contentHash: string): string {
  return node.tag === "message" || node.tag === "status"
    ? (node.attrs["id"] ?? contentHash)
    : `${node.tag}:${contentHash.slice(0, 32)}`;
}
