import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat, unlink, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { WazapiError } from "#domain/errors.ts";
import type { Clock } from "#lib/clock.ts";
import { sleep } from "#lib/sleep.ts";
import type { Bytes } from "../source/flow.ts";
import { createKeyedLock } from "#lib/keyed-lock.ts";

/** A file on its way into the storage. Disposing removes it unless it was committed. */
export interface StagedFile extends AsyncDisposable {
  /** Where it lies now; readable until it is committed or disposed of. */
  readonly path: string;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly bytes: number;
  /** Puts it in its place for good; it survives a crash from then on. */
  readonly commit: () => Promise<void>;
}

/** Bytes `start` to `end`, both included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Files under the hash of their content, on this machine's disk. */
export interface LocalStorage {
  /** Names the disk: stays the same as long as its files do, whatever process uses them. */
  readonly volume: string;
  /**
   * Writes the bytes beside the storage, hashing them on the way. Throws `payload_too_large` above `maxBytes`, as soon as
   * they are, and whatever the source throws; then nothing is left behind.
   */
  readonly stage: (source: Bytes, limit: { readonly maxBytes: number }) => Promise<StagedFile>;
  /** Where a content lies if it is here; a path for programs that read files. */
  readonly pathOf: (sha256: string) => string;
  /** As if it had been stored now, so that it stays for a while; false when it is not here. */
  readonly touch: (sha256: string) => Promise<boolean>;
  /** Its size; undefined when it is not here. */
  readonly size: (sha256: string) => Promise<number | undefined>;
  /** Its bytes; undefined when it is not here. They stay readable when it is removed meanwhile. */
  readonly read: (sha256: string, range?: ByteRange) => Promise<Readable | undefined>;
  /** Removes a content that nobody has committed since `seenBefore` (epoch milliseconds); whether it is gone. */
  readonly remove: (sha256: string, seenBefore: number) => Promise<boolean>;
  /** Every content that nobody has committed since `seenBefore`. */
  readonly list: (seenBefore: number) => AsyncIterable<string>;
  /** Removes files that were never committed and that nobody has written to since `seenBefore`; answers how many. */
  readonly clean: (seenBefore: number) => Promise<number>;
}

/** Opens the storage in a directory of its own, making it (for this user only) when it is missing. */
export async function openLocalStorage(deps: { readonly clock: Clock }, directory: string): Promise<LocalStorage> {
  const places = { files: join(directory, "files"), staging: join(directory, "staging") };
  for (const place of Object.values(places)) await mkdir(place, { recursive: true, mode: 0o700 });
  const volume = await volumeOf(directory);
  const lock = createKeyedLock();
  // Two levels of 256 folders: no folder grows large.
  const pathOf = (sha256: string): string => {
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new WazapiError("not_found");
    return join(places.files, sha256.slice(0, 2), sha256.slice(2, 4), sha256);
  };

  const commit = (sha256: string, staged: string): Promise<void> =>
    lock.run(sha256, async () => {
      const path = pathOf(sha256);
      const now = new Date(deps.clock.now());
      // The time of a file is when somebody last put it here: the sweep goes by it.
      await utimes(staged, now, now);
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      // Also over an old copy: same bytes, and whoever reads that one keeps it.
      await rename(staged, path);
      await syncDirectory(dirname(path));
    });

  return {
    volume,
    pathOf,
    stage: async (source, { maxBytes }) => {
      const path = join(places.staging, `${randomUUID()}.part`);
      const written = await write(path, source, maxBytes);
      let isCommitted = false;
      return {
        ...written,
        path,
        commit: async () => {
          await commit(written.sha256, path);
          isCommitted = true;
        },
        [Symbol.asyncDispose]: async () => {
          if (!isCommitted) await rm(path, { force: true });
        },
      };
    },
    touch: (sha256) =>
      lock.run(sha256, async () => {
        const now = new Date(deps.clock.now());
        try {
          await utimes(pathOf(sha256), now, now);
          return true;
        } catch (error) {
          if (isMissing(error)) return false;
          throw error;
        }
      }),
    size: async (sha256) => (await statOf(pathOf(sha256)))?.size,
    read: async (sha256, range) => {
      try {
        return (await open(pathOf(sha256), "r")).createReadStream(range ?? {});
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    remove: (sha256, seenBefore) =>
      lock.run(sha256, async () => {
        const found = await statOf(pathOf(sha256));
        if (found === undefined) return true;
        if (found.mtimeMs > seenBefore) return false;
        await rm(pathOf(sha256), { force: true });
        return true;
      }),
    list: (seenBefore) => contentsOf(places.files, seenBefore),
    clean: async (seenBefore) => {
      let removed = 0;
      for (const name of await readdir(places.staging)) {
        const path = join(places.staging, name);
        const found = await statOf(path);
        if (found === undefined || found.mtimeMs > seenBefore) continue;
        await rm(path, { force: true });
        removed += 1;
      }
      return removed;
    },
  };
}

async function write(
  path: string,
  source: Bytes,
  maxBytes: number,
): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    await using file = await open(path, "wx", 0o600);
    for await (const piece of source) {
      bytes += piece.length;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      hash.update(piece);
      await file.writeFile(piece);
    }
    await file.sync();
  } catch (error) {
    await unlink(path).catch(() => {});
    throw isFull(error)
      ? new WazapiError("unavailable", { message: "the disk for media is full", cause: error })
      : error;
  }
  return { sha256: hash.digest("hex"), bytes };
}

/** The failure of everything that is larger than allowed. */
export function tooLarge(maxBytes: number): WazapiError {
  const megabytes = Math.round((maxBytes / 1_048_576) * 10) / 10;
  return new WazapiError("payload_too_large", {
    message: `the file is larger than ${megabytes} MB`,
    details: { maxBytes },
  });
}

function isFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
}

async function statOf(path: string): Promise<{ readonly size: number; readonly mtimeMs: number } | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/** A name that lies in the directory itself, so that it moves with the files. */
async function volumeOf(directory: string): Promise<string> {
  const path = join(directory, "volume");
  try {
    // Of two processes that are the first at the same time, one name wins.
    await writeFile(path, randomUUID(), { flag: "wx", mode: 0o600, flush: true });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
  for (let tries = 0; tries < 40; tries += 1) {
    const name = await readFile(path, "utf8");
    if (name !== "") return name;
    // Another process has made it a moment ago.
    await sleep(25, new AbortController().signal);
  }
  throw new WazapiError("unavailable", { message: `${path} is damaged: remove it` });
}

/** Makes a rename survive a power failure; systems that cannot open directories do it by themselves. */
async function syncDirectory(path: string): Promise<void> {
  try {
    await using directory = await open(path, "r");
    await directory.sync();
  } catch (error) {
    if (!(error instanceof Error && "code" in error && ["EISDIR", "EPERM", "EINVAL"].includes(String(error.code))))
      throw error;
  }
}

async function* contentsOf(directory: string, seenBefore: number): AsyncGenerator<string> {
  for (const first of await readdir(directory)) {
    for (const second of await readdir(join(directory, first))) {
      for (const name of await readdir(join(directory, first, second))) {
        const found = await statOf(join(directory, first, second, name));
        if (found !== undefined && found.mtimeMs <= seenBefore) yield name;
      }
    }
  }
}
