import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeWhole } from "#lib/write-whole.ts";

/** A version that was read from WhatsApp Web. */
export interface KnownRevision {
  readonly revision: number;
  /** Epoch milliseconds at which it was read. */
  readonly at: number;
  /** Where. */
  readonly url: string;
}

/** What survives a restart. */
export interface RevisionStore {
  /** Undefined when nothing is kept, or nothing that can be read. */
  readonly read: () => Promise<KnownRevision | undefined>;
  readonly write: (known: KnownRevision) => Promise<void>;
}

/** Keeps it in a file of the data directory. */
export function revisionFile(dataDir: string): RevisionStore {
  const path = join(dataDir, "whatsapp-version.json");
  return {
    read: async () => {
      try {
        return knownIn(JSON.parse(await readFile(path, "utf8")));
      } catch {
        // There is none, or not a whole one: it is read from WhatsApp Web again.
        return undefined;
      }
    },
    write: async (known) => writeWhole(path, `${JSON.stringify(known)}\n`),
  };
}

function knownIn(json: unknown): KnownRevision | undefined {
  const { revision, at, url }: Record<string, unknown> = Object(json);
  const isWhole = typeof revision === "number" && Number.isInteger(revision) && typeof at === "number";
  return isWhole && typeof url === "string" ? { revision, at, url } : undefined;
}
