import type { EventEmitter } from "node:events";
import type { BinaryNode } from "@whiskeysockets/baileys";
import type { Clock } from "#lib/clock.ts";
import { sleepUnless } from "#lib/sleep.ts";
import type { JournalEntry } from "#store/auth-state.ts";
import { stanzaEntry, type Correlation } from "./journal-entry.ts";

/** Stanzas that Baileys acknowledges. */
const gatedTags = ["message", "receipt", "notification", "call"] as const;

/** Notifications about keys, devices and app state: Baileys' own business, no event of ours comes from them. */
const technicalNotifications = new Set([
  "encrypt",
  "server_sync",
  "devices",
  "mediaretry",
  "link_code_companion_reg",
  "privacy_token",
]);

/** What the gate works with. */
export interface GateDeps {
  /** Baileys' websocket client, right after `makeWASocket`: only its own listeners are on it. */
  readonly ws: EventEmitter;
  readonly correlation: Correlation;
  readonly journal: (entries: readonly JournalEntry[]) => Promise<void>;
  /** Hands on a raw stanza, also of a message that brings nothing to read; waits while the buffer behind it is full. */
  readonly forward: (stanza: BinaryNode, journalId: string) => Promise<void>;
  readonly clock: Clock;
  /** Longest wait for one that hangs before those behind it pass, milliseconds; 10 s when left out. */
  readonly orderWaitMs?: number;
  /** Aborts with the socket: nothing is waited for any more, and nothing reaches Baileys. */
  readonly signal: AbortSignal;
}

/** Holds every stanza back until it is safe to acknowledge it. */
export interface StanzaGate {
  /** Gives stanzas to Baileys again without journaling them, in order, behind what is already waiting. */
  readonly inject: (stanzas: readonly BinaryNode[]) => void;
  /** Stanzas that wait for their commit or for room. */
  readonly waiting: () => number;
}

/**
 * Puts the journal between the socket and Baileys. Baileys offers no hook between reading a stanza and acknowledging
 * it, but its listeners sit on a public event emitter: they are taken off and called from here once the journal has
 * the stanza. So no ack of a receipt, notification, call or channel post leaves before its entry is durable. Encrypted
 * messages pass unchanged (their plaintext is journaled when they are decrypted), but in the same order.
 *
 * Commits run side by side (the store groups them), the stanzas go on in the order they came. Baileys itself lets a
 * message overtake another while it stores a number's LID for the first; here each waits until the one before it is
 * being decrypted, where Baileys keeps the order. The backlog it takes into a line of its own, in order, and works
 * through that beside what comes live; so the first live message waits for the last of the backlog. A stanza whose
 * commit fails never reaches Baileys, hence is never acknowledged, and WhatsApp delivers it again.
 */
export function gateStanzas(deps: GateDeps): StanzaGate {
  let line = Promise.resolve();
  let waiting = 0;
  /** The last message of the backlog that Baileys has not begun to decrypt. */
  let backlog: Promise<void> | undefined;

  function enqueue(pass: () => Promise<void>): void {
    waiting += 1;
    line = line
      .then(pass)
      // A failed commit has closed the socket already; what waits behind must not be taken for handled either.
      .catch(() => {})
      .finally(() => {
        waiting -= 1;
      });
  }

  /** Waits for the first of these; the limit only keeps a message that hangs from holding up all others for ever. */
  async function inOrder(signs: readonly Promise<unknown>[]): Promise<void> {
    await sleepUnless(deps.orderWaitMs ?? maxOrderWaitMs, signs, deps.signal);
  }

  async function behindBacklog(): Promise<void> {
    const awaited = backlog;
    if (awaited === undefined) return;
    await inOrder([awaited]);
    // Waited for in vain: not by the next ones as well.
    if (backlog === awaited) backlog = undefined;
  }

  const deliver = new Map<string, (node: BinaryNode) => Promise<unknown>>();
  for (const tag of gatedTags) {
    const event = `CB:${tag}`;
    const originals = deps.ws.listeners(event);
    deps.ws.removeAllListeners(event);
    deliver.set(tag, async (node) => {
      const isOffline = node.attrs["offline"] !== undefined;
      if (tag === "message" && !isOffline) await behindBacklog();
      // Whatever the closed socket brought last was not confirmed: it comes again, in its place.
      if (deps.signal.aborted) return;
      const { promise: reached, resolve } = Promise.withResolvers<void>();
      correlate(node, { correlation: deps.correlation, reached: resolve });
      // Baileys' listeners are asynchronous and report their own failures.
      const handled = Promise.allSettled(originals.map((listener): unknown => listener.call(deps.ws, node)));
      if (tag !== "message") return;
      if (!isOffline) return await inOrder([handled, reached]);
      if (!isDecrypted(node)) return;
      const last = reached.then(() => {
        if (backlog === last) backlog = undefined;
      });
      backlog = last;
    });
    deps.ws.on(event, (node: BinaryNode) => {
      const entry = needsJournal(node) ? stanzaEntry(node, deps.clock.now()) : undefined;
      const durable = entry === undefined ? Promise.resolve() : deps.journal([entry]);
      // Handled in `enqueue`; without this the rejection would count as unhandled while it waits for its turn.
      durable.catch(() => {});
      enqueue(async () => {
        await durable;
        // A channel post comes back as an event of Baileys with the same journal id; the others only come raw.
        if (entry !== undefined && !hasChild(node, "plaintext")) await deps.forward(node, entry.stanzaId);
        await deliver.get(tag)?.(node);
      });
    });
  }

  return {
    inject: (stanzas) => {
      for (const node of stanzas) {
        enqueue(async () => {
          await deliver.get(node.tag)?.(node);
        });
      }
    },
    waiting: () => waiting,
  };
}

const maxOrderWaitMs = 10_000;

function correlate(node: BinaryNode, input: { readonly correlation: Correlation; readonly reached: () => void }): void {
  for (const child of Array.isArray(node.content) ? node.content : []) {
    if (child.tag !== "enc" || !(child.content instanceof Uint8Array)) continue;
    input.correlation.set(child.content, { attrs: node.attrs, reached: input.reached });
  }
}

function needsJournal(node: BinaryNode): boolean {
  switch (node.tag) {
    case "message":
      return !isDecrypted(node);
    case "receipt":
      // Baileys acknowledges a retry request only after it has sent the message again.
      return node.attrs["type"] !== "retry";
    case "notification":
      return !technicalNotifications.has(node.attrs["type"] ?? "");
    default:
      return true;
  }
}

/** Whether Baileys takes any of its bodies to the Signal repository. Those of bots (`msmsg`) it refuses unread. */
function isDecrypted(node: BinaryNode): boolean {
  const bodies = (Array.isArray(node.content) ? node.content : []).filter((child) => child.tag === "enc");
  const [first] = bodies;
  return first !== undefined && first.attrs["type"] !== "msmsg";
}

function hasChild(node: BinaryNode, tag: string): boolean {
  return Array.isArray(node.content) && node.content.some((child) => child.tag === tag);
}
