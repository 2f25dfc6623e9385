import { NO_MESSAGE_FOUND_ERROR_TEXT, type BinaryNode } from "@whiskeysockets/baileys";
import { isStatusJid } from "#domain/jid.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { AuthState } from "../auth-state.ts";
import { BoundedMap } from "../bounded-map.ts";
import { stanzaEntry } from "../journal-entry.ts";
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

/** What giving up works with. */
export interface UnreadableDeps {
  readonly auth: Pick<AuthState, "find" | "journal">;
  /** Asks the author to send it again, for the nth time, because of this error. */
  readonly askAgain: (node: BinaryNode, count: number, error: unknown) => Promise<void>;
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
const maxRemembered = 1_000;
/** An empty message with the least padding. */
const emptyMessage = Uint8Array.of(1);

/**
 * WhatsApp protocol: an ack with an error is a refusal, whose stanza stays first in its queue and holds back what is
 * behind it. Baileys refuses what it cannot decrypt; so it never hears of that. The author is asked to send it again
 * when it comes for the first time, never for the same bytes twice, and the stanza is kept in the journal. Then Baileys
 * is told what it answers with a plain ack: that there is no message inside, so it is published as one that waits, and
 * the own phone is asked for it too. Of a status it is told that it is empty: nobody waits for those.
 */
export function createUnreadable(deps: UnreadableDeps): Unreadable {
  const asked = new BoundedMap<string, number>({ limit: maxRemembered });
  const storms = createStormWatch(deps);

  return {
    failed: async ({ node, contentHash, error, isDecrypted }) => {
      deps.decryptFailed?.();
      storms.failed(node.attrs["participant"] ?? node.attrs["from"] ?? "");
      // Between the own devices; Baileys confirms it by a receipt.
      if (node.attrs["category"] === "peer") throw error;
      const before = isDecrypted ? undefined : await deps.auth.find(contentHash).catch(() => {});
      const isAgain = isDecrypted || before !== undefined;
      const isStatus = isStatusJid(node.attrs["from"] ?? "");
      if (!isAgain) await deps.auth.journal([{ ...stanzaEntry(node, deps.clock.now()), contentHash }]);
      const key = keyOf(node);
      const count = (asked.get(key) ?? 0) + 1;
      const isOver = isStatus && deps.clock.now() - Number(node.attrs["t"] ?? 0) * 1_000 > statusLifeMs;
      if (!isAgain && !isOver && count <= maxAsked) {
        asked.set(key, count);
        await deps.askAgain(node, count, error);
      } else {
        deps.log.warn({ messageId: node.attrs["id"], isStatus, error: wordsOf(error) }, "a message is given up unread");
      }
      if (isStatus) return emptyMessage;
      throw new Error(NO_MESSAGE_FOUND_ERROR_TEXT, { cause: error });
    },
    healed: (node) => {
      const key = keyOf(node);
      if (asked.get(key) === undefined) return;
      asked.delete(key);
      deps.forget(node.attrs["id"] ?? "");
    },
  };
}

const keyOf = ({ attrs }: BinaryNode): string => `${attrs["id"]} ${attrs["participant"] ?? attrs["from"]}`;

/** The kind of failure: of libsignal's errors the words are about protocol state, never about content. */
function wordsOf(error: unknown): string {
  return error instanceof Error
    ? `${error.name}: ${error.message.replaceAll(/\d{5,}/g, "#")}`.slice(0, 120)
    : "unknown";
}
