import type { EventEmitter } from "node:events";
import type { BinaryNode } from "@whiskeysockets/baileys";
import { isWazapiError } from "#domain/errors.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { JournalEntry } from "#store/auth-state.ts";
import { stanzaEntry } from "../journal-entry.ts";
import type { UnknownWire } from "../unknown-wire.ts";

/** WhatsApp protocol: the tags of whole stanzas that this version knows what to do with. */
const knownTags = new Set([
  "message",
  "status",
  "receipt",
  "notification",
  "call",
  "iq",
  "ack",
  "ib",
  "presence",
  "chatstate",
  "success",
  "failure",
  "stream:error",
  "stream:features",
  "xmlstreamend",
]);

/** Different tags that are told of; more than that is no change of a protocol. */
const maxTold = 100;

/** What is done about stanzas that nobody here knows. */
export interface UnknownStanzasDeps {
  /** Baileys' websocket client. */
  readonly ws: EventEmitter;
  readonly journal: (entries: readonly JournalEntry[]) => Promise<void>;
  /** Hands on the stanza as it is. */
  readonly forward: (stanza: BinaryNode, journalId: string) => Promise<void>;
  readonly ack: (stanza: BinaryNode) => Promise<void>;
  readonly unknownWire?: (unknown: UnknownWire) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * WhatsApp protocol: every whole stanza with an id is kept by the server, and sent again at each login, until the client
 * confirms it; also one of a kind that appeared yesterday. So whatever is unknown here is kept in the journal, and then
 * confirmed by its own tag. The log names each tag once.
 */
export function confirmUnknown(deps: UnknownStanzasDeps): void {
  const told = new Set<string>();
  let line = Promise.resolve();

  async function keep(node: BinaryNode): Promise<void> {
    const entry = stanzaEntry(node, deps.clock.now());
    try {
      await deps.journal([entry]);
      await deps.forward(node, entry.stanzaId);
      await deps.ack(node).catch((error: unknown) => closed(node, error));
    } catch (error) {
      if (isWazapiError(error, "not_connected")) closed(node, error);
      else deps.log.warn({ tag: node.tag, error }, "an unknown stanza could not be kept");
    }
  }

  /** What was not confirmed comes again. */
  function closed({ tag }: BinaryNode, error: unknown): void {
    deps.log.debug({ tag, error }, "the connection closed meanwhile");
  }

  deps.ws.on("frame", (node: BinaryNode | Uint8Array) => {
    if (node instanceof Uint8Array || knownTags.has(node.tag)) return;
    deps.unknownWire?.({ kind: "tag", name: node.tag });
    if (!told.has(node.tag) && told.size < maxTold) {
      told.add(node.tag);
      deps.log.warn({ tag: node.tag }, "WhatsApp sends a kind of stanza that this version does not know");
    }
    if (node.attrs["id"] === undefined) return;
    line = line.then(() => keep(node));
  });
}
