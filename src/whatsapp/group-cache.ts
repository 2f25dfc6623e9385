import type { BaileysEventMap, GroupMetadata } from "@whiskeysockets/baileys";
import type { Clock } from "#lib/clock.ts";
import { BoundedMap } from "./bounded-map.ts";

/** Groups change by notifications that reach us; the limit in time covers one that did not. */
const groupTtlMs = 10 * 60_000;

/** Members of the groups that are written to, so that a send asks for them once and not every time. */
export interface GroupCache {
  /** Undefined when WhatsApp does not tell; Baileys then asks itself and reports why. */
  readonly get: (groupId: string) => Promise<GroupMetadata | undefined>;
  /** The next question about this group goes to WhatsApp. */
  readonly forget: (groupId: string) => void;
  /** Forgets the groups these events are about. */
  readonly observe: (events: Partial<BaileysEventMap>) => void;
}

/** Holds at most `limit` groups; the least recently used goes first. */
export function createGroupCache(
  clock: Clock,
  options: { readonly limit: number; readonly fetch: (groupId: string) => Promise<GroupMetadata> },
): GroupCache {
  const groups = new BoundedMap<string, GroupMetadata>({ limit: options.limit, ttlMs: groupTtlMs, clock });
  return {
    get: async (groupId) => {
      const known = groups.get(groupId);
      if (known !== undefined) return known;
      const metadata = await options.fetch(groupId).catch(() => {});
      if (metadata !== undefined) groups.set(groupId, metadata);
      return metadata ?? undefined;
    },
    forget: (groupId) => groups.delete(groupId),
    observe: (events) => {
      const changed = [
        ...(events["groups.update"] ?? []),
        ...(events["groups.upsert"] ?? []),
        ...(events["group-participants.update"] === undefined ? [] : [events["group-participants.update"]]),
      ];
      for (const { id } of changed) if (id !== undefined) groups.delete(id);
    },
  };
}
