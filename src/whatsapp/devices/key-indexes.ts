import type { EventEmitter } from "node:events";
import { proto, type BinaryNode } from "@whiskeysockets/baileys";

/**
 * Takes devices out of every list of devices that the phone does not vouch for any more, before Baileys reads the list.
 *
 * WhatsApp protocol: beside the `device-list` of a person stands a `key-index-list`, signed by the phone: a device whose
 * key index is not above the current one and not among the valid ones is gone, and asking for its keys fails the whole
 * query. Who could forge the list could as well leave the device out of the other one, so the signature is not checked.
 */
export function honourKeyIndexes(ws: EventEmitter): void {
  ws.on("frame", (node: BinaryNode) => {
    if (node.tag !== "iq") return;
    const usync = children(node).find(({ tag }) => tag === "usync");
    const list = children(usync).find(({ tag }) => tag === "list");
    for (const user of children(list)) dropStale(children(user).find(({ tag }) => tag === "devices"));
  });
}

function dropStale(devices: BinaryNode | undefined): void {
  const list = children(devices).find(({ tag }) => tag === "device-list");
  const indexes = children(devices).find(({ tag }) => tag === "key-index-list");
  if (list === undefined || !(indexes?.content instanceof Uint8Array)) return;
  const valid = validity(indexes.content);
  if (valid === undefined) return;
  list.content = children(list).filter(({ attrs }) => {
    const index = attrs["key-index"];
    const isApart = attrs["id"] === "0" || attrs["is_hosted"] === "true";
    return index === undefined || isApart || valid(Number(index));
  });
}

/** Whether a key index is valid; undefined when the list cannot be read, which says nothing about any device. */
function validity(signed: Uint8Array): ((index: number) => boolean) | undefined {
  try {
    const { details } = proto.ADVSignedKeyIndexList.decode(signed);
    if (!details?.length) return undefined;
    const { currentIndex, validIndexes } = proto.ADVKeyIndexList.decode(details);
    if (!currentIndex) return undefined;
    return (index) => index > currentIndex || validIndexes.includes(index);
  } catch {
    return undefined;
  }
}

function children(node: BinaryNode | undefined): readonly BinaryNode[] {
  return Array.isArray(node?.content) ? node.content : [];
}
