import type { BinaryNode } from "@whiskeysockets/baileys";
import { epochMsOf } from "./numbers.ts";

/** Child nodes; none when the content is text or bytes. */
export function childrenOf(node: BinaryNode | undefined): readonly BinaryNode[] {
  return Array.isArray(node?.content) ? node.content : [];
}

/** The first child of this tag. */
export function childOf(node: BinaryNode | undefined, tag: string): BinaryNode | undefined {
  return childrenOf(node).find((child) => child.tag === tag);
}

/** Text content of a node; empty when it has none that is a moment. */
export function textOf(node: BinaryNode | undefined): string {
  const content = node?.content;
  if (typeof content === "string") return content;
  return content instanceof Uint8Array ? Buffer.from(content).toString("utf8") : "";
}

/** Epoch milliseconds of a node's `t` attribute (seconds on the wire); `fallback` when it has none. */
export function timeOf(node: BinaryNode, fallback: number): number {
  return epochMsOf(node.attrs["t"], fallback);
}
