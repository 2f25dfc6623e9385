import type { Captured } from "#domain/captured.ts";
import { latestMs } from "#lib/clock.ts";

/** Characters of one text: an id of that length fits every index. */
const maxLength = 500;

/**
 * What is published in place of something that the database refuses, made of values that every database takes: a message
 * as one that waits, everything else as it was with its impossible values replaced. Undefined where not even that can be made.
 */
export function standInOf(
  captured: Captured,
  input: { readonly reason: string; readonly now: number },
): Captured | undefined {
  const plain = plainOf(captured);
  if (plain === undefined) return undefined;
  const at = Number.isInteger(plain.at) && plain.at > 0 ? plain.at : input.now;
  if (plain.kind !== "message") return { ...plain, at };
  const { chat, sender, fromMe, broadcast, messageId, connectedPhone, pushName, chatName } = plain;
  return {
    kind: "waiting",
    chat,
    sender,
    fromMe,
    at,
    broadcast,
    ...(connectedPhone === undefined ? {} : { connectedPhone }),
    ...(pushName === undefined ? {} : { pushName }),
    ...(chatName === undefined ? {} : { chatName }),
    messageId,
    viewOnce: false,
    refused: input.reason,
  };
}

function plainOf(captured: Captured): Captured | undefined {
  try {
    // The same fields with the same types, only their values are others.
    return JSON.parse(JSON.stringify(captured, (_, value: unknown) => plainValue(value))) as Captured;
  } catch {
    return undefined;
  }
}

function plainValue(value: unknown): unknown {
  switch (typeof value) {
    case "string":
      return value.slice(0, maxLength).toWellFormed().replaceAll("\0", "\uFFFD");
    case "number":
      return Math.abs(value) <= latestMs ? value : 0;
    case "bigint":
      return 0;
    default:
      return value;
  }
}
