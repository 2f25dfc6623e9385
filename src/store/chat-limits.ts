import type { ChatLimits } from "#domain/chat-limits.ts";

/** What WhatsApp keeps accounts from: it outlives the process, for a try too many makes it last longer. */
export interface ChatLimitsStore {
  /** Undefined when nothing was ever said. */
  get(input: { readonly instanceId: string }): Promise<ChatLimits | undefined>;
  /** Replaces what was known. Throws `instance_not_found`. */
  put(input: { readonly instanceId: string; readonly limits: ChatLimits; readonly now: number }): Promise<void>;
}
