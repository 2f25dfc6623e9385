import { createHash } from "node:crypto";
import { isLidJid, isPersonJid, lidJid, personJid, userOf } from "#domain/jid.ts";
import type { Clock } from "#lib/clock.ts";
import { createTtlCache } from "#lib/ttl-cache.ts";
import type { DirectoryStore } from "#store/directory.ts";

/**
 * How WhatsApp names somebody whom the account knows without having them in its address book. WhatsApp protocol
 * (WhatsApp Web): base64 of the first three bytes of the MD5 of the number, or the LID, followed by `WA_ADD_NOTIF`.
 */
export function contactHash(jid: string): string {
  return createHash("md5")
    .update(`${userOf(jid)}WA_ADD_NOTIF`)
    .digest()
    .subarray(0, 3)
    .toString("base64");
}

/** Finds people by their hash. */
export interface HashedPeople {
  /** JIDs that people with this hash are kept under; most often one or none. Throws when a table cannot be read. */
  readonly find: (instanceId: string, hash: string) => Promise<readonly string[]>;
}

type Directory = Pick<DirectoryStore, "pairs" | "contacts" | "chats">;

/** Of one instance. Whoever was met since is not found by hash until then. */
const indexMs = 10 * 60_000;
const maxIndexes = 20;
const maxPeople = 50_000;
const pageRows = 1_000;

/** Reads the directory once in a while, and only when somebody is looked for. */
export function createHashedPeople(directory: Directory, clock: Clock): HashedPeople {
  const indexes = createTtlCache<ReadonlyMap<string, ReadonlySet<string>>>(clock, maxIndexes);
  return {
    find: async (instanceId, hash) => {
      const known = indexes.get(instanceId)?.value ?? (await indexOf(directory, instanceId));
      indexes.set(instanceId, known, indexMs);
      return [...(known.get(hash) ?? [])];
    },
  };
}

async function indexOf(directory: Directory, instanceId: string): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const index = new Map<string, Set<string>>();
  const add = (name: string, jid: string): void => {
    const hash = contactHash(name);
    index.set(hash, (index.get(hash) ?? new Set()).add(jid));
  };
  const phones = new Map<string, string>();
  for (const { lid, phone } of await directory.pairs({ instanceId, limit: maxPeople })) {
    phones.set(lidJid(lid), personJid(phone));
    add(lid, personJid(phone));
    add(phone, personJid(phone));
  }
  const rows = [
    pages(
      (page) => directory.contacts({ instanceId, ...page }),
      (row) => row.contactId,
    ),
    pages(
      (page) => directory.chats({ instanceId, ...page }),
      (row) => row.chatId,
    ),
  ];
  for (const ids of rows) {
    for await (const id of ids) {
      if (isPersonJid(id) || isLidJid(id)) add(id, phones.get(id) ?? id);
    }
  }
  return index;
}

async function* pages<T>(
  read: (page: { readonly offset: number; readonly limit: number }) => Promise<readonly T[]>,
  idOf: (row: T) => string,
): AsyncGenerator<string> {
  for (let offset = 0; offset < maxPeople; offset += pageRows) {
    const rows = await read({ offset, limit: pageRows });
    yield* rows.map(idOf);
    if (rows.length < pageRows) return;
  }
}
