import type { BaileysEventMap } from "@whiskeysockets/baileys";
import type { Log } from "#lib/log.ts";
import type { sleep } from "#lib/sleep.ts";

/** What the own phone is asked for: older messages, the content of a message, or a file once more. */
export type PhoneQuestion = "history" | "message" | "media";

/** The questions to the own phone on one connection. */
export interface PhoneQuestions {
  /**
   * A question has just left. Its id is what the answer names: that of the message with the file for `media`, otherwise
   * that of the question itself.
   */
  readonly asked: (question: PhoneQuestion, id: string) => void;
  /** The phone answered this one, whatever it said. */
  readonly answered: (id: string) => void;
  /** Takes the answers out of what arrives. */
  readonly heard: (events: Partial<BaileysEventMap>) => void;
}

/** Limits; milliseconds. */
export interface PhoneQuestionsOptions {
  /** After so long without an answer the phone counts as silent. One that is on answers within seconds. */
  readonly silentMs: number;
}

/** A minute. */
export const defaultPhoneQuestions: PhoneQuestionsOptions = { silentMs: 60_000 };

/** Questions waited for at a time; of more nobody learns that they were not answered. */
const maxOpen = 1_000;

/**
 * Notices that the phone leaves questions without an answer, which nothing else says: WhatsApp takes every question, and
 * a phone that is off, or an app that is not opened, is silent. The log tells it once until the phone answers again;
 * `phoneSilent` is told of each question. `signal` ends with the connection, and with it the watch over its questions.
 * WhatsApp protocol: what the phone sends as an answer names the id of the question, as the session of a piece of history
 * (`peerDataRequestSessionId`) or as `stanzaId` of a response.
 */
export function createPhoneQuestions(
  deps: {
    readonly sleep: typeof sleep;
    readonly log: Log;
    /** Told for metrics; must not throw. */
    readonly phoneSilent?: (question: PhoneQuestion) => void;
    readonly signal: AbortSignal;
  },
  options: PhoneQuestionsOptions,
): PhoneQuestions {
  const open = new Set<string>();
  let isSilent = false;

  async function watch(id: string, question: PhoneQuestion): Promise<void> {
    await deps.sleep(options.silentMs, deps.signal);
    if (!open.delete(id) || deps.signal.aborted) return;
    deps.phoneSilent?.(question);
    if (isSilent) return;
    isSilent = true;
    deps.log.warn({ question, forMs: options.silentMs }, "the phone does not answer; open WhatsApp on it");
  }

  function answered(id: string): void {
    if (!open.delete(id)) return;
    isSilent = false;
  }

  return {
    asked: (question, id) => {
      if (open.has(id) || open.size >= maxOpen) return;
      open.add(id);
      void watch(id, question);
    },
    answered,
    heard: (events) => {
      for (const { key, message } of events["messages.upsert"]?.messages ?? []) {
        if (key.fromMe !== true) continue;
        const { historySyncNotification: notice, peerDataOperationRequestResponseMessage: response } =
          message?.protocolMessage ?? {};
        if (notice?.peerDataRequestSessionId) answered(notice.peerDataRequestSessionId);
        if (response?.stanzaId) answered(response.stanzaId);
      }
    },
  };
}
