import type { OutgoingContent } from "#domain/content.ts";
import { filesOf } from "#domain/outgoing/files-of.ts";

/** What a message is without, if anything: its own word, or that of one of its files. */
export function warningOf(content: OutgoingContent): string | undefined {
  const own = "degraded" in content ? content.degraded : undefined;
  return own ?? filesOf(content).find(({ degraded }) => degraded !== undefined)?.degraded;
}
