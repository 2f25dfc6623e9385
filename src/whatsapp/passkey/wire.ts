import { randomBytes } from "node:crypto";
import { S_WHATSAPP_NET, type BinaryNode, type WASocket } from "@whiskeysockets/baileys";

/** What came back: the answer, the code of a refusal, or nothing in time. */
export type WireAnswer =
  | { readonly kind: "answer"; readonly node: BinaryNode }
  | { readonly kind: "refused"; readonly code: number }
  | { readonly kind: "silence" };

/** Asks the server. Never rejects; a connection that closes meanwhile is silence, too. */
export type AskServer = (
  type: "get" | "set",
  child: { readonly tag: string; readonly content?: BinaryNode["content"] },
) => Promise<WireAnswer>;

/** WhatsApp protocol: every step of the ceremony is a query of this namespace with one child without attributes. */
export function askServer(sock: Pick<WASocket, "query">, timeoutMs: number): AskServer {
  return async (type, { tag, content }) => {
    const child: BinaryNode = { tag, attrs: {}, ...(content !== undefined && { content }) };
    const id = `pk-${randomBytes(idBytes).toString("hex")}`;
    const attrs = { to: S_WHATSAPP_NET, type, xmlns: "md", id };
    try {
      const node: unknown = await sock.query({ tag: "iq", attrs, content: [child] }, timeoutMs);
      // Baileys answers nothing when it waited in vain.
      return isNode(node) ? { kind: "answer", node } : { kind: "silence" };
    } catch (error) {
      const code: unknown = Object(error).data;
      return typeof code === "number" ? { kind: "refused", code } : { kind: "silence" };
    }
  };
}

const idBytes = 8;

function isNode(node: unknown): node is BinaryNode {
  return typeof node === "object" && node !== null && "tag" in node;
}

/** The bytes of a child; the server may write text in their place. */
export function contentOf(node: BinaryNode, tag: string): Uint8Array | undefined {
  const child = childrenOf(node).find((one) => one.tag === tag);
  return child === undefined ? undefined : bytesOf(child);
}

/** Content as bytes; undefined for children and for nothing. */
export function bytesOf({ content }: BinaryNode): Uint8Array | undefined {
  if (typeof content === "string") return Buffer.from(content, "utf8");
  return content instanceof Uint8Array ? content : undefined;
}

/** The children, in order. */
export function childrenOf({ content }: BinaryNode): readonly BinaryNode[] {
  return Array.isArray(content) ? content : [];
}
