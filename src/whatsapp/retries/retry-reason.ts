import { RetryReason } from "@whiskeysockets/baileys";

/**
 * WhatsApp protocol: what the numbers in `<retry error>` mean. Both libraries that decrypt for us say what went wrong in
 * words only; the first words that are in the message decide.
 */
const reasons: readonly (readonly [words: string, reason: RetryReason])[] = [
  ["No session record", RetryReason.SignalErrorNoSession],
  ["No SenderKeyRecord", RetryReason.SignalErrorNoSession],
  ["No session found to decrypt", RetryReason.SignalErrorNoSession],
  ["Invalid PreKey ID", RetryReason.SignalErrorInvalidKeyId],
  ["Missing SignedPreKey", RetryReason.SignalErrorInvalidKeyId],
  ["Invalid signature", RetryReason.SignalErrorInvalidSignature],
  ["messages into the future", RetryReason.SignalErrorFutureMessage],
  ["Bad MAC", RetryReason.SignalErrorBadMac],
  // libsignal tries the sessions it has one after the other, and forgets that the codes did not match.
  ["No matching sessions", RetryReason.SignalErrorInvalidMessage],
  ["InvalidMessageException", RetryReason.SignalErrorInvalidMessage],
  ["Invalid public key", RetryReason.SignalErrorInvalidKey],
  ["Chain closed", RetryReason.SignalErrorInvalidSession],
  ["Key used already", RetryReason.SignalErrorInvalidMsgKey],
  ["No sender message key", RetryReason.SignalErrorInvalidMsgKey],
  ["old counter", RetryReason.SignalErrorInvalidMsgKey],
];

/** Why a message could not be read, for its author: 0 when that is not known. */
export function retryReasonOf(error: unknown): RetryReason {
  const message = error instanceof Error ? error.message : "";
  return reasons.find(([words]) => message.includes(words))?.[1] ?? RetryReason.UnknownError;
}
