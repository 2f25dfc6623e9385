import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, open, readdir, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bytes } from "./media-crypto.ts";
import { SandboxError } from "../sandbox-error.ts";

/** Limits of a blob store, in bytes. */
export interface BlobStoreOptions {
  /** Keeps every blob in this directory, also after close. Default: a temporary one that close removes. */
  readonly directory?: string;
  /** Larger blobs go to disk while they arrive. Default 1 MiB; 0 with a `directory`. */
  readonly spillBytes?: number;
  /** All blobs in memory together; beyond it new ones go to disk. Default 64 MiB. */
  readonly maxMemoryBytes?: number;
  /** One blob; more is refused. Default 2 GiB. */
  readonly maxBlobBytes?: number;
  /** All blobs together; beyond it the oldest are forgotten. Default 4 GiB. */
  readonly maxTotalBytes?: number;
}

/** Bytes `start` to `end`, both included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Named byte sequences, in memory or on disk. */
export interface BlobStore extends AsyncDisposable {
  /** Stores a blob while it arrives. Throws `invalid` when it is too large; a source that fails leaves nothing behind. */
  put(name: string, source: Bytes): Promise<void>;
  /** Length in bytes. */
  size(name: string): number | undefined;
  /** The stored bytes, from memory or streamed from disk. */
  read(name: string, range?: ByteRange): Bytes | undefined;
  delete(name: string): Promise<void>;
  clear(): Promise<void>;
}

interface Blob {
  readonly size: number;
  /** Absent: the blob is a file. */
  readonly bytes?: Uint8Array;
}

const mib = 1024 * 1024;

/** Opens a store; with a directory, the files of an earlier run are there again. Names must be plain file names. */
export async function openBlobStore(options: BlobStoreOptions = {}): Promise<BlobStore> {
  const kept = options.directory !== undefined;
  const limits = {
    spill: options.spillBytes ?? (kept ? 0 : mib),
    memory: options.maxMemoryBytes ?? 64 * mib,
    blob: options.maxBlobBytes ?? 2048 * mib,
    total: options.maxTotalBytes ?? 4096 * mib,
  };
  // Insertion order is age: the first is the oldest.
  const blobs = new Map<string, Blob>();
  let directory = options.directory;
  let memory = 0;
  let total = 0;
  if (directory !== undefined) {
    await mkdir(directory, { recursive: true });
    for (const { name, size } of await filesByAge(directory)) {
      blobs.set(name, { size });
      total += size;
    }
  }

  const remove = async (name: string): Promise<void> => {
    const blob = blobs.get(name);
    if (blob === undefined) return;
    blobs.delete(name);
    total -= blob.size;
    if (blob.bytes === undefined) await rm(pathOf(name), { force: true });
    else memory -= blob.size;
  };
  const pathOf = (name: string): string => join(directory ?? "", name);
  const keep = async (name: string, blob: Blob): Promise<void> => {
    if (blobs.has(name)) await remove(name);
    blobs.set(name, blob);
    total += blob.size;
    if (blob.bytes !== undefined) memory += blob.size;
    for (const [oldest] of blobs) {
      if (total <= limits.total || oldest === name) break;
      await remove(oldest);
    }
  };
  const spill = async (name: string, held: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): Promise<number> => {
    directory ??= await mkdtemp(join(tmpdir(), "wazapi-sandbox-"));
    // Written beside its place, so that a file under its own name is always whole.
    const file = await open(`${pathOf(name)}.part`, "w");
    let size = 0;
    try {
      for (const piece of held) {
        size += piece.length;
        await file.writeFile(piece);
      }
      for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
        size += next.value.length;
        checkSize(size, limits.blob);
        await file.writeFile(next.value);
      }
      await file.close();
      await rename(`${pathOf(name)}.part`, pathOf(name));
      return size;
    } catch (error) {
      await file.close();
      await rm(`${pathOf(name)}.part`, { force: true });
      throw error;
    }
  };

  return {
    async put(name, source) {
      const pieces = iterate(source);
      const held: Uint8Array[] = [];
      let size = 0;
      try {
        for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) {
          held.push(next.value);
          size += next.value.length;
          checkSize(size, limits.blob);
          if (size > limits.spill || memory + size > limits.memory) {
            await keep(name, { size: await spill(name, held, pieces) });
            return;
          }
        }
      } finally {
        await pieces.return?.();
      }
      await keep(name, { size, bytes: Buffer.concat(held) });
    },
    size: (name) => blobs.get(name)?.size,
    read(name, range) {
      const blob = blobs.get(name);
      if (blob === undefined) return undefined;
      if (blob.bytes === undefined) return createReadStream(pathOf(name), range ?? {});
      return [range === undefined ? blob.bytes : blob.bytes.subarray(range.start, range.end + 1)];
    },
    delete: remove,
    async clear() {
      for (const name of blobs.keys()) await remove(name);
    },
    async [Symbol.asyncDispose]() {
      blobs.clear();
      if (!kept && directory !== undefined) await rm(directory, { recursive: true, force: true });
    },
  };
}

function checkSize(size: number, max: number): void {
  if (size > max) throw new SandboxError("invalid", `the file is larger than ${max} bytes`);
}

function iterate(source: Bytes): AsyncIterator<Uint8Array> {
  return (async function* () {
    yield* source;
  })();
}

async function filesByAge(directory: string): Promise<{ name: string; size: number }[]> {
  const names = await readdir(directory);
  const files = await Promise.all(
    names.map(async (name) => {
      const { size, mtimeMs } = await stat(join(directory, name));
      return { name, size, mtimeMs };
    }),
  );
  const leftovers = files.filter(({ name }) => name.endsWith(".part"));
  await Promise.all(leftovers.map(async ({ name }) => rm(join(directory, name), { force: true })));
  return files.filter(({ name }) => !name.endsWith(".part")).sort((a, b) => a.mtimeMs - b.mtimeMs);
}
