import type { BinaryNode } from "@whiskeysockets/baileys";
import { BoundedMap } from "../bounded-map.ts";

/** What the authors of unreadable messages were asked by this process, over all connections of one instance. */
export interface AskedAuthors {
  /** How often this message was asked for, however far the questions came; 0 when it never was. */
  readonly count: (node: BinaryNode) => number;
  readonly counted: (node: BinaryNode, count: number) => void;
  /** WhatsApp took the question about these bytes. */
  readonly heard: (contentHash: string) => void;
  readonly wasHeard: (contentHash: string) => boolean;
  /** It could be read: whatever was counted is forgotten. Answers whether there was anything. */
  readonly healed: (node: BinaryNode) => boolean;
}

/** Questions remembered over all instances; of one that is forgotten the author may be asked once more. */
const maxRemembered = 10_000;

/**
 * The memory of a process; it starts empty. It outlives connections, because a question that was lost with one of them
 * was never asked, and one that was not lost must not be asked twice.
 */
export function createAskedAuthors(): { readonly of: (instanceId: string) => AskedAuthors } {
  const counts = new BoundedMap<string, number>({ limit: maxRemembered });
  const answered = new BoundedMap<string, true>({ limit: maxRemembered });
  return {
    of: (instanceId) => {
      const keyOf = ({ attrs }: BinaryNode): string =>
        `${instanceId} ${attrs["id"]} ${attrs["participant"] ?? attrs["from"]}`;
      return {
        count: (node) => counts.get(keyOf(node)) ?? 0,
        counted: (node, count) => counts.set(keyOf(node), count),
        heard: (contentHash) => answered.set(`${instanceId} ${contentHash}`, true),
        wasHeard: (contentHash) => answered.get(`${instanceId} ${contentHash}`) === true,
        healed: (node) => {
          const wasAsked = counts.get(keyOf(node)) !== undefined;
          counts.delete(keyOf(node));
          return wasAsked;
        },
      };
    },
  };
}
