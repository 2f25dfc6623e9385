import { randomBytes } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import type { ContentBody } from "../content-body.ts";
import { toMessage } from "../content/to-message.ts";
import type { BuiltMessage, ContentContext } from "../content-codec.ts";
import type { Sent } from "../control.ts";
import { SandboxError } from "../sandbox-error.ts";

/** What one call sends, once or many times. */
export interface Batch {
  readonly content: ContentBody;
  readonly count: number | undefined;
  readonly messageId: string | undefined;
}

const maxMessages = 10_000;
/** After so many messages whatever else the process has to do gets its turn. */
const messagesPerTurn = 16;

/** Builds and sends one message after the other, in order. Throws `unavailable` when the signal aborts in between. */
export async function sendBatch(
  deps: { readonly context: ContentContext; readonly send: (id: string, built: BuiltMessage) => Promise<void> },
  batch: Batch,
  signal: AbortSignal,
): Promise<Sent> {
  const { content, count = 1, messageId } = batch;
  if (!Number.isInteger(count) || count < 1 || count > maxMessages) {
    throw new SandboxError("invalid", `count must be a whole number from 1 to ${maxMessages}`);
  }
  if (messageId !== undefined && count > 1) {
    throw new SandboxError("invalid", "messageId goes with a single message only");
  }
  const messageIds: string[] = [];
  for (let nth = 1; nth <= count; nth += 1) {
    if (signal.aborted) throw new SandboxError("unavailable", `stopped after ${messageIds.length} messages`);
    const body = batch.count === undefined ? content : numbered(content, nth);
    const id = messageId ?? newMessageId();
    await deps.send(id, await toMessage(body, deps.context));
    messageIds.push(id);
    if (nth % messagesPerTurn === 0) await setImmediate();
  }
  return { messageIds };
}

/** WhatsApp protocol: phones write ids like this one. */
export function newMessageId(): string {
  return `3A${randomBytes(9).toString("hex").toUpperCase()}`;
}

function numbered(content: ContentBody, nth: number): ContentBody {
  return "text" in content ? { ...content, text: content.text.replaceAll("{n}", String(nth)) } : content;
}
