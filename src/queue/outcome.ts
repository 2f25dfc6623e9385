import { type ErrorCode, errorTable } from "#domain/errors.ts";
import type { SendResult } from "#domain/session.ts";
import { backoffMs } from "#lib/backoff.ts";
import type { QueuedMessage } from "#store/queue.ts";
import type { QueueOptions } from "./options.ts";

// The keys of a literal are exactly its codes.
const errorCodes = Object.keys(errorTable) as readonly ErrorCode[];

/** A failure of one send in words that outlive the process. */
export interface SendFailure {
  readonly code: ErrorCode;
  /** What the customer reads in DeliveryCallback. */
  readonly text: string;
}

/** What becomes of a message after one try. */
export type Decision =
  | { readonly kind: "sent"; readonly result: Extract<SendResult, { outcome: "acked" }> }
  | { readonly kind: "failed"; readonly failure: SendFailure; readonly answered: boolean }
  /** Another try later; `answered` says whether WhatsApp reacted at all. */
  | {
      readonly kind: "retry";
      readonly failure: SendFailure;
      readonly attempts: number;
      readonly waitMs: number;
      readonly answered: boolean;
    }
  /** WhatsApp restricts the account until then (epoch milliseconds): no attempt. */
  | { readonly kind: "hold"; readonly failure: SendFailure; readonly until: number }
  /** Back to the line as if it had not been tried. */
  | { readonly kind: "release"; readonly failure: SendFailure };

/** What the decision depends on beside the result. */
export interface Attempted {
  readonly message: Pick<QueuedMessage, "attempts" | "lastError">;
  /** Whether this try was the probe of an open breaker. */
  readonly probe: boolean;
  readonly random: () => number;
}

/** Decides what follows from WhatsApp's answer. Pure but for `random`. */
export function decide(
  options: Pick<QueueOptions, "retry" | "restrictedRetry" | "newChatRetry" | "maxRetries" | "maxProbes">,
  result: SendResult,
  attempted: Attempted,
): Decision {
  const attempts = attempted.message.attempts + 1;
  const maxRetries = attempted.probe ? options.maxProbes : options.maxRetries;
  switch (result.outcome) {
    case "acked":
      return { kind: "sent", result };
    case "rejected": {
      const failure = failureOf(result.kind === "permanent" ? "send_rejected" : "send_restricted", result.error);
      if (result.kind === "permanent") return { kind: "failed", failure, answered: true };
      if (result.until !== undefined)
        return { kind: "hold", failure: restrictedUntil(result.endsAt, failure.text), until: result.until };
      const isNewChat = refusesNewChats(result.code);
      const isLast = isNewChat ? attempted.message.lastError === failureLine(failure) : attempts > maxRetries;
      if (isLast) return { kind: "failed", failure, answered: true };
      const backoff = isNewChat ? options.newChatRetry : options.restrictedRetry;
      const waitMs = backoffMs(backoff, isNewChat ? 1 : attempts, attempted.random);
      return { kind: "retry", failure, attempts, waitMs, answered: true };
    }
    case "unknown": {
      if (result.kind === "disconnected") return { kind: "release", failure: failureOf("not_connected", result.error) };
      const timedOut = result.kind === "timeout";
      const failure: SendFailure = timedOut
        ? { code: "send_timeout", text: errorTable.send_timeout.message }
        : failureOf("send_failed", result.error);
      const secondTimeout = timedOut && !attempted.probe && isTimeout(attempted.message.lastError);
      // About this one chat: others have nothing to fear from it.
      const answered = result.kind === "unreadable";
      if (secondTimeout || attempts > maxRetries) return { kind: "failed", failure, answered };
      const waitMs = backoffMs(options.retry, attempts, attempted.random);
      return { kind: "retry", failure, attempts, waitMs, answered };
    }
  }
}

/** A restriction in words, of new chats unless others are given, with its end (epoch milliseconds) where one is known. */
export function restrictedUntil(
  endsAt: number | undefined,
  words: string = errorTable.send_restricted.message,
): SendFailure {
  const end = endsAt === undefined ? ", and names no end" : ` until ${new Date(endsAt).toISOString()}`;
  return { code: "send_restricted", text: `${words}${end}` };
}

/** WhatsApp protocol: 463 and 475 in an ack say that the account may not start this chat; others, that it sends too much. */
function refusesNewChats(code: number | undefined): boolean {
  return code === 463 || code === 475;
}

/** How a failure is kept in the row: its code first, so that the next try knows what came before. */
export function failureLine(failure: SendFailure): string {
  return `${failure.code}: ${failure.text}`;
}

function isTimeout(lastError: string | undefined): boolean {
  return lastError?.startsWith("send_timeout:") ?? false;
}

/** A sender speaks in the texts of the table (or in its codes); then the code is known, too. */
function failureOf(fallback: ErrorCode, error: string): SendFailure {
  const known = errorCodes.find((code) => code === error || errorTable[code].message === error);
  if (known !== undefined) return { code: known, text: errorTable[known].message };
  return { code: fallback, text: error === "" ? errorTable[fallback].message : error };
}
