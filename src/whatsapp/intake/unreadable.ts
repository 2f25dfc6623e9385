import { NO_MESSAGE_FOUND_ERROR_TEXT, type BinaryNode } from "@whiskeysockets/baileys";
import { isStatusJid } from "#domain/jid.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { AuthState } from "../auth-state.ts";
import { contentHashOf, stanzaEntry } from "../journal-entry.ts";
import type { AskedAuthors } from "./asked-authors.ts";
import { createStormWatch } from "./storm-watch.ts";

/** What is done about ciphertexts that cannot be opened. */
export interface Unreadable {
  /**
   * To be called with each failure, before Baileys hears of it. Answers the plaintext that Baileys goes on with, or
   * throws what it has to be told. By then the stanza is durable, so it may be confirmed.
   */
  readonly failed: (failure: Failure) => Promise<Uint8Array>;
  /** A message could be read: whatever was asked for because of it is not needed any more. */
  readonly healed: (node: BinaryNode) => void;
}

/** A ciphertext that could not be opened. */
export interface Failure {
  readonly node: BinaryNode;
  readonly contentHash: string;
  readonly error: unknown;
  /** It could be decrypted, at some time; what came out is no message. */
  readonly isDecrypted: boolean;
}

/** A request to the author of a message. */
export interface Question {
  readonly node: BinaryNode;
  /** Which time it is asked for; 1 is the first. */
  readonly count: number;
  /** Why it cannot be read. */
  readonly error: unknown;
  readonly heard: () => void;
}

/** What giving up works with. */
export interface UnreadableDeps {
  readonly auth: Pick<AuthState, "find" | "journal">;
  /** What was asked on this and earlier connections. */
  readonly asked: AskedAuthors;
  /**
   * Asks the author to send it again. Resolves once the question is written, or cannot be any more; `heard` is called
   * when WhatsApp has it. One that is never heard was never asked. Must not throw.
   */
  readonly askAgain: (question: Question) => Promise<void>;
  /** Takes back a question to the own phone that has not been asked yet. */
  readonly forget: (messageId: string) => void;
  /** Told about each ciphertext that nothing here can read; must not throw. */
  readonly decryptFailed?: () => void;
  /** Told once when a sender's messages fail one after the other; must not throw. */
  readonly decryptStorm?: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** WhatsApp protocol: after this many requests the author gives a message up. */
const maxAsked = 5;
/** WhatsApp protocol: a status lives for a day. */
const statusLifeMs = 86_400_000;
/** An empty message with the least padding. */
const emptyMessage = Uint8Array.of(1);

/**
 * WhatsApp protocol: an ack with an error is a refusal, whose stanza stays first in its queue and holds back what is
 * behind it. Baileys refuses what it cannot decrypt; so it never hears of that. The stanza is kept in the journal, then
 * its author is asked to send it again; in this order, because the request takes the stanza out of the queue. Then
 * Baileys is told what it answers with a plain ack: that there is no message inside, so it is published as one that
 * waits, and the own phone is asked for it too. Of a status it is told that it is empty: nobody waits for those.
 *
 * The same bytes come again when the connection, or the process, died before all of that had reached WhatsApp. Their
 * author is asked again unless this process knows that the question was heard. Each time is in the journal, so the
 * count rises over processes too, and after `maxAsked` of them the message is given up.
 */
export function createUnreadable(deps: UnreadableDeps): Unreadable {
  const { auth, asked, clock } = deps;
  const storms = createStormWatch(deps);

  /** How often this process, or one before it, set about asking for these very bytes. */
  async function timesBegun(contentHash: string): Promise<number> {
    let times = 0;
    while (times < maxAsked && (await auth.find(hashOfTime(contentHash, times + 1)).catch(() => {}))) times += 1;
    return times;
  }

  return {
    failed: async ({ node, contentHash, error, isDecrypted }) => {
      deps.decryptFailed?.();
      storms.failed(node.attrs["participant"] ?? node.attrs["from"] ?? "");
      // Between the own devices; Baileys confirms it by a receipt.
      if (node.attrs["category"] === "peer") throw error;
      const isStatus = isStatusJid(node.attrs["from"] ?? "");
      const isOver = isStatus && clock.now() - Number(node.attrs["t"] ?? 0) * 1_000 > statusLifeMs;
      const begun = isDecrypted ? maxAsked : await timesBegun(contentHash);
      const count = Math.max(asked.count(node), timesBefore(node) + begun) + 1;
      const isAsked = !isDecrypted && !isOver && count <= maxAsked && !asked.wasHeard(contentHash);
      if (begun === 0 || isAsked) {
        const entry = { ...stanzaEntry(node, clock.now()), contentHash: hashOfTime(contentHash, begun + 1) };
        await auth.journal([entry]);
      }
      if (isAsked) {
        asked.counted(node, count);
        await deps.askAgain({ node, count, error, heard: () => asked.heard(contentHash) });
      } else {
        deps.log.warn({ messageId: node.attrs["id"], isStatus, error: wordsOf(error) }, "a message is given up unread");
      }
      if (isStatus) return emptyMessage;
      throw new Error(NO_MESSAGE_FOUND_ERROR_TEXT, { cause: error });
    },
    healed: (node) => {
      if (asked.healed(node)) deps.forget(node.attrs["id"] ?? "");
    },
  };
}

/** Under which hash the nth attempt to ask for these bytes is journaled: that of the bytes for the first one. */
const hashOfTime = (contentHash: string, time: number): string =>
  time === 1 ? contentHash : contentHashOf(Buffer.from(`${contentHash} ${time}`));

/** WhatsApp protocol: what is sent again says in its ciphertext which request it answers. */
function timesBefore({ content }: BinaryNode): number {
  const counts = (Array.isArray(content) ? content : []).map(({ attrs }) => Number(attrs["count"] ?? 0));
  return Math.max(0, ...counts.filter((count) => Number.isInteger(count)));
}

/** The kind of failure: of libsignal's errors the words are about protocol state, never about content. */
function wordsOf(error: unknown): string {
  return error instanceof Error
    ? `${error.name}: ${error.message.replaceAll(/\d{5,}/g, "#")}`.slice(0, 120)
    : "unknown";
}
