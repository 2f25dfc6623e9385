import type { ChatLimits } from "#domain/chat-limits.ts";
import type { NewEvent } from "./records.ts";

/** What WhatsApp keeps accounts from: it outlives the process, for a try too many makes it last longer. */
export interface ChatLimitsStore {
  /** Undefined when nothing was ever said. */
  get(input: { readonly instanceId: string }): Promise<ChatLimits | undefined>;
  /** One transaction: replaces what was known, and adds the events that tell of it. Throws `instance_not_found`. */
  put(input: {
    readonly instanceId: string;
    readonly limits: ChatLimits;
    readonly events: readonly NewEvent[];
    readonly now: number;
  }): Promise<void>;
}
