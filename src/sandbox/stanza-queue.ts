import type { BinaryNode } from "@whiskeysockets/baileys";

/** A stanza that its device has not confirmed yet. */
export interface QueuedStanza {
  readonly seq: number;
  readonly node: BinaryNode;
  /** The device said that it cannot take it, and has not confirmed it since. */
  isRefused: boolean;
}

/** What a client says when it confirms: which stanza it answers, by kind and id. */
export interface Confirmation {
  /** Tag of the confirmed stanza: `message`, `status`, `receipt`, `notification`, `call`, … */
  readonly tag: string;
  readonly id: string;
  /** By an `ack`; messages are also confirmed by a receipt, and some clients send both. */
  readonly isAck: boolean;
  /** Receipts share the id of their message; these two tell which of them is meant. */
  readonly type?: string | undefined;
  readonly participant?: string | undefined;
  /** Whom a receipt is for: it confirms only what came from there. Left out, nobody looks. */
  readonly addressee?: { readonly to: string | undefined; readonly participant: string | undefined };
}

/** Everything on its way to one device, in order, until the device confirms it. */
export interface StanzaQueue {
  /** Appends; undefined when the queue is full, and then nothing is kept. */
  push(node: BinaryNode): QueuedStanza | undefined;
  /** Takes out what is confirmed; undefined when nothing here is meant. */
  confirm(confirmation: Confirmation): QueuedStanza | undefined;
  /** Keeps what is meant, which from now on holds back what is behind it; undefined when nothing here is meant. */
  refuse(confirmation: Confirmation): QueuedStanza | undefined;
  /** The device asked for this message again: what was sent of it is worthless, and leaves. */
  spend(id: string): readonly QueuedStanza[];
  some(is: (entry: QueuedStanza) => boolean): boolean;
  /** Oldest first. */
  list(): readonly QueuedStanza[];
  readonly size: number;
  clear(): void;
}

/** Most stanzas held for one device. */
export const maxQueuedStanzas = 100_000;

/** A queue, empty or with the stanzas of an earlier run. */
export function createStanzaQueue(nodes: readonly BinaryNode[] = []): StanzaQueue {
  let nextSeq = 1;
  const held = new Map<number, QueuedStanza>();
  const byKey = new Map<string, QueuedStanza[]>();
  // A client acknowledges what it asked for again after the request. That must not confirm the copy which is on its way
  // since then, so each message spent has one ack to come.
  const acksOwed = new Map<string, number>();

  const push = (node: BinaryNode): QueuedStanza | undefined => {
    if (held.size >= maxQueuedStanzas) return undefined;
    const entry = { seq: nextSeq, node, isRefused: false };
    nextSeq += 1;
    held.set(entry.seq, entry);
    const key = keyOf(node.tag, node.attrs["id"]);
    const same = byKey.get(key);
    if (same === undefined) byKey.set(key, [entry]);
    else same.push(entry);
    return entry;
  };
  const remove = (key: string, entry: QueuedStanza): void => {
    held.delete(entry.seq);
    const left = (byKey.get(key) ?? []).filter((other) => other !== entry);
    if (left.length === 0) byKey.delete(key);
    else byKey.set(key, left);
  };
  for (const node of nodes) push(node);
  const meantBy = (key: string, confirmation: Confirmation): QueuedStanza | undefined => {
    const owed = acksOwed.get(key);
    if (owed !== undefined) {
      if (owed > 1 && confirmation.isAck) acksOwed.set(key, owed - 1);
      else acksOwed.delete(key);
      if (confirmation.isAck) return undefined;
    }
    return byKey.get(key)?.find(({ node }) => isMeant(node, confirmation));
  };
  return {
    push,
    confirm(confirmation) {
      const key = keyOf(confirmation.tag, confirmation.id);
      const meant = meantBy(key, confirmation);
      if (meant !== undefined) remove(key, meant);
      return meant;
    },
    refuse(confirmation) {
      const meant = meantBy(keyOf(confirmation.tag, confirmation.id), confirmation);
      if (meant !== undefined) meant.isRefused = true;
      return meant;
    },
    spend(id) {
      return ["message", "status"].flatMap((tag) => {
        const key = keyOf(tag, id);
        const same = byKey.get(key) ?? [];
        for (const entry of same) remove(key, entry);
        if (same.length > 0) acksOwed.set(key, (acksOwed.get(key) ?? 0) + 1);
        return same;
      });
    },
    some: (is) => held.values().some(is),
    list: () => [...held.values()],
    get size() {
      return held.size;
    },
    clear() {
      held.clear();
      byKey.clear();
      acksOwed.clear();
    },
  };
}

function isMeant({ attrs }: BinaryNode, { tag, type, participant, addressee }: Confirmation): boolean {
  if (tag === "receipt") return attrs["type"] === type && attrs["participant"] === participant;
  return addressee === undefined || (attrs["from"] === addressee.to && attrs["participant"] === addressee.participant);
}

const keyOf = (tag: string, id: string | undefined): string => `${tag} ${id ?? ""}`;
