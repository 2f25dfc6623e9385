import type { EventEmitter } from "node:events";
import type { BinaryNode } from "@whiskeysockets/baileys";
import type { UnknownWire } from "../unknown-wire.ts";
import { collections } from "./collections.ts";

/**
 * Makes every answer about settings one that ends the question, before Baileys reads it: what it leaves out is there with
 * nothing in it, and what gives nothing has no more to give. Baileys would ask again, as fast as the answers come, until
 * it has heard of all that it asked for. What was left out comes with the next notice about that collection. To be called
 * right after `makeWASocket`; `tell` must not throw.
 *
 * WhatsApp protocol: `<iq type="result"><sync>` holds a `collection` for each that was asked for. Baileys takes no notice of
 * one without changes, asked for or not; so all that there are can be named in every answer.
 */
export function completeSettingsAnswers(ws: EventEmitter, tell: (unknown: UnknownWire) => void): void {
  ws.on("frame", (node: BinaryNode | Uint8Array) => {
    if (node instanceof Uint8Array || node.tag !== "iq" || node.attrs["type"] !== "result") return;
    const sync = childOf(node, "sync");
    if (sync === undefined) return;
    const answered = childrenOf(sync).filter(({ tag }) => tag === "collection");
    if (answered.length === 0) tell({ kind: "field", name: "settings answer without a collection" });
    for (const collection of answered) {
      if (collection.attrs["has_more_patches"] !== "true" || givesAnything(collection)) continue;
      delete collection.attrs["has_more_patches"];
      tell({ kind: "field", name: "settings answer with more of nothing" });
    }
    const named = new Set(answered.map(({ attrs }) => attrs["name"]));
    const missing = collections.filter((name) => !named.has(name));
    sync.content = [...childrenOf(sync), ...missing.map((name) => ({ tag: "collection", attrs: { name } }))];
  });
}

function givesAnything(collection: BinaryNode): boolean {
  const patches = childOf(collection, "patches") ?? collection;
  return childOf(collection, "snapshot") !== undefined || childOf(patches, "patch") !== undefined;
}

function childOf(node: BinaryNode, name: string): BinaryNode | undefined {
  return childrenOf(node).find(({ tag }) => tag === name);
}

/** Baileys' own look at children remembers what it saw, and would not see what is added. */
function childrenOf({ content }: BinaryNode): readonly BinaryNode[] {
  return Array.isArray(content) ? content : [];
}
