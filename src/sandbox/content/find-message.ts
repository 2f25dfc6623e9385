import type { ContentContext, KnownMessage } from "../content-codec.ts";
import { SandboxError } from "../sandbox-error.ts";

/** The earlier message an answer speaks of. Throws `not_found` when the sender does not know it (any more). */
export function findMessage(messageId: string, context: ContentContext): KnownMessage {
  const known = context.find(messageId);
  if (known === undefined) throw new SandboxError("not_found", `the sender knows no message ${messageId}`);
  return known;
}
