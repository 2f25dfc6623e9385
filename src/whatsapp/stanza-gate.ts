import type { EventEmitter } from "node:events";
import type { BinaryNode } from "@whiskeysockets/baileys";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { sleepUnless } from "#lib/sleep.ts";
import { isWazapiError } from "#domain/errors.ts";
import type { JournalEntry } from "#store/auth-state.ts";
import type { TellUnknown } from "./content/readable-message.ts";
import { readablePlain } from "./content/readable-plain.ts";
import { ackOf } from "./intake/own-ack.ts";
import { hasBrokenText, isMessageStanza, lacksAddressee, lacksCollection, whyUnplaced } from "./intake/placing.ts";
import { stanzaEntry, type Correlation, type StanzaRef } from "./journal-entry.ts";
import type { OwnJids } from "./own-account.ts";

/** Stanzas that Baileys acknowledges, and the status, which it does not know. */
const gatedTags = ["message", "status", "receipt", "notification", "call"] as const;

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
  /** Sends a confirmation that Baileys does not send. */
  readonly send: (ack: BinaryNode) => Promise<void>;
  /** The own account, by which messages are placed; undefined before a phone accepted. */
  readonly own: () => OwnJids | undefined;
  /** Told about each part of a message that Baileys' protobuf does not have; must not throw. */
  readonly unknownWire?: TellUnknown;
  /** Looks at each stanza before Baileys does; true: Baileys does not get it, and somebody else acknowledges it. */
  readonly takeOver?: (stanza: BinaryNode) => Promise<boolean>;
  readonly clock: Clock;
  readonly log: Log;
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
  /** Messages that Baileys has and has not decrypted yet. */
  readonly undecrypted: () => number;
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
 *
 * WhatsApp protocol: a status comes in a tag of its own, otherwise like a message. Baileys gets it as one, and it is
 * confirmed from here, once its plaintext is durable. What Baileys would refuse (a message that it cannot place, the
 * answer of a bot) would come again at each login and hold up what is behind it: it does not get it, and after its entry
 * is durable a plain ack leaves from here.
 */
export function gateStanzas(deps: GateDeps): StanzaGate {
  let line = Promise.resolve();
  let waiting = 0;
  let undecrypted = 0;
  /** The last message of the backlog that Baileys has not begun to decrypt. */
  let backlog: Promise<void> | undefined;

  function enqueue(tag: string, pass: () => Promise<void>): void {
    waiting += 1;
    line = line
      .then(pass)
      .catch((error: unknown) => {
        // A failed commit has closed the socket already; what waits behind must not be taken for handled either.
        if (!isWazapiError(error)) deps.log.error({ tag, error }, "a stanza could not be passed on");
      })
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

  /** What Baileys does not confirm, or not in a way that counts. */
  async function confirm(node: BinaryNode): Promise<void> {
    // What has no id is owed nothing.
    if (deps.signal.aborted || node.attrs["id"] === undefined) return;
    await deps.send(ackOf(node)).catch((error: unknown) => {
      deps.log.debug({ tag: node.tag, error }, "the connection closed meanwhile");
    });
  }

  function through(node: BinaryNode): void {
    const own = deps.own();
    if (node.tag === "status" || (own !== undefined && lacksAddressee(node, own))) void confirm(node);
  }

  const deliver = new Map<string, (node: BinaryNode) => Promise<void>>();
  for (const tag of gatedTags) {
    const event = `CB:${tag}`;
    // The listeners of messages, which come first, are those of the status too.
    const originals = deps.ws.listeners(event);
    deps.ws.removeAllListeners(event);
    deliver.set(tag, async (node): Promise<void> => {
      if (tag === "status") return await deliver.get("message")?.(node);
      const isOffline = node.attrs["offline"] !== undefined;
      if (tag === "message" && !isOffline) await behindBacklog();
      // Whatever the closed socket brought last was not confirmed: it comes again, in its place.
      if (deps.signal.aborted || (await deps.takeOver?.(node)) === true) return;
      const { promise: reached, resolve } = Promise.withResolvers<void>();
      undecrypted += 1;
      const done = once(() => {
        undecrypted -= 1;
      });
      const isRead = correlate(node, {
        correlation: deps.correlation,
        reached: resolve,
        through: () => {
          done();
          through(node);
        },
      });
      const given = node.tag === "status" ? { ...node, tag: "message" } : node;
      // Baileys' listeners are asynchronous and report their own failures.
      const handled = Promise.allSettled(originals.map((listener): unknown => listener.call(deps.ws, given)));
      // Of the backlog Baileys only says that it has taken it.
      if (!isRead || !isOffline) void handled.finally(done);
      if (tag !== "message") return;
      if (!isOffline) return await inOrder([handled, reached]);
      if (!isDecrypted(node)) return;
      const last = reached.then(() => {
        if (backlog === last) backlog = undefined;
      });
      backlog = last;
    });
    deps.ws.on(event, (received: BinaryNode) => {
      const isBroken = isMessageStanza(received) && hasBrokenText(received);
      if (isBroken) deps.unknownWire?.({ kind: "field", name: `plaintext of ${tag}` });
      const why = whyKept(received, deps.own()) ?? (isBroken ? {} : undefined);
      // The journal has it as it came.
      const entry = why !== undefined || needsJournal(received) ? stanzaEntry(received, deps.clock.now()) : undefined;
      const node = readablePlain(received, deps.unknownWire);
      const durable = entry === undefined ? Promise.resolve() : deps.journal([entry]);
      // Handled in `enqueue`; without this the rejection would count as unhandled while it waits for its turn.
      durable.catch(() => {});
      enqueue(tag, async () => {
        await durable;
        // A channel post comes back as an event of Baileys with the same journal id; the others only come raw.
        if (entry !== undefined && (why !== undefined || !hasChild(node, "plaintext"))) {
          await forward(node, entry.stanzaId);
        }
        if (why === undefined) {
          await deliver.get(tag)?.(node);
          return;
        }
        if (why.error !== undefined) {
          const { from = "", type } = node.attrs;
          const server = from.replace(/^.*@/, "");
          deps.log.warn({ tag, server, type, error: why.error }, "a message could not be placed");
        }
        await confirm(node);
      });
    });
  }

  /** The entry is in the journal: what cannot be handed on now is tried again from there. */
  async function forward(node: BinaryNode, journalId: string): Promise<void> {
    try {
      await deps.forward(node, journalId);
    } catch (error) {
      // Nothing of the closed socket was confirmed: it comes again.
      if (isWazapiError(error, "not_connected")) deps.log.debug({ tag: node.tag }, "the connection closed meanwhile");
      else deps.log.error({ tag: node.tag, journalId, error }, "a stanza could not be handed on");
    }
  }

  return {
    inject: (stanzas) => {
      for (const node of stanzas) {
        enqueue(node.tag, async () => {
          // What was kept from Baileys before a crash is kept from it after it, too.
          if (whyKept(node, deps.own()) !== undefined) return;
          await deliver.get(node.tag)?.(readablePlain(node));
        });
      }
    },
    waiting: () => waiting,
    undecrypted: () => undecrypted,
  };
}

const maxOrderWaitMs = 10_000;

/** WhatsApp protocol: the kinds of body that are opened with Signal sessions and sender keys. */
const signalTypes = new Set(["msg", "pkmsg", "skmsg"]);

/** Ties the bodies to their stanza; `through` is called once all of them are. Answers whether there are any. */
function correlate(
  node: BinaryNode,
  input: {
    readonly correlation: Correlation;
    readonly reached: () => void;
    readonly through: () => void;
  },
): boolean {
  const bodies = (Array.isArray(node.content) ? node.content : []).flatMap(({ tag, attrs, content }) =>
    tag === "enc" && content instanceof Uint8Array ? [{ content, isOpened: isOpened(attrs["type"]) }] : [],
  );
  const opened = bodies.filter((body) => body.isOpened).length;
  let left = opened;
  const ref: StanzaRef = {
    attrs: node.attrs,
    node,
    reached: input.reached,
    settled: () => {
      left -= 1;
      if (left === 0) input.through();
    },
  };
  for (const { content } of bodies) input.correlation.set(content, ref);
  return opened > 0;
}

/** What Baileys would refuse or choke on, with the reason when it is one to be told; undefined for all others. */
function whyKept(node: BinaryNode, own: OwnJids | undefined): { readonly error?: Error } | undefined {
  // Without a sender Baileys gives up on a receipt before it confirms it. The watch of the wire tells of those.
  if (lacksCollection(node) || (!node.attrs["from"] && !isMessageStanza(node))) return {};
  if (!isMessageStanza(node) || own === undefined) return undefined;
  const error = whyUnplaced(node, own);
  if (error !== undefined) return { error };
  if (isDecrypted(node)) return undefined;
  // Of a bot (`msmsg`), and whatever of a status is not encrypted: Baileys would confirm it as a message.
  return node.tag === "status" || hasChild(node, "enc") ? {} : undefined;
}

function needsJournal(node: BinaryNode): boolean {
  switch (node.tag) {
    case "message":
    case "status":
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

/** Whether Baileys takes its bodies to the Signal repository. Those of bots (`msmsg`) and of unknown kinds it refuses. */
function isDecrypted(node: BinaryNode): boolean {
  const bodies = (Array.isArray(node.content) ? node.content : []).filter((child) => child.tag === "enc");
  return bodies.length > 0 && bodies.every(({ attrs }) => isOpened(attrs["type"]));
}

const isOpened = (type: string | undefined): boolean => type === undefined || signalTypes.has(type);

function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) work();
    isDone = true;
  };
}

function hasChild(node: BinaryNode, tag: string): boolean {
  return Array.isArray(node.content) && node.content.some((child) => child.tag === tag);
}
