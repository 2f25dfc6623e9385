import { setBounded } from "../bounded.ts";
import type { RememberedMessage } from "../person.ts";

/** Messages somebody wrote or received, by id; the oldest are forgotten. */
export interface Memory {
  put(message: RememberedMessage): void;
  get(id: string): RememberedMessage | undefined;
  /** Oldest first. */
  list(): readonly RememberedMessage[];
  clear(): void;
}

/** As many as one send can write: each of them may have to be sent again. */
const maxMessages = 10_000;

/** An empty memory. */
export function createMemory(): Memory {
  const messages = new Map<string, RememberedMessage>();
  return {
    put(message) {
      setBounded(messages, { key: message.id, value: message }, maxMessages);
    },
    get: (id) => messages.get(id),
    list: () => [...messages.values()],
    clear: () => messages.clear(),
  };
}
