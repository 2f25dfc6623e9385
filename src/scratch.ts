import { mkdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";

/**
 * Where a server keeps its temporary files. Baileys writes the encrypted copy of every file that leaves into the
 * system's temporary directory: on many machines that is memory, and a killed process leaves it there for good.
 */
export function scratchOf(dataDir: string): string {
  return resolve(join(dataDir, "tmp"));
}

/** Makes the directory, without what a dead process left there: for the only process that works on this data directory. */
export async function emptyScratch(dataDir: string): Promise<void> {
  await rm(scratchOf(dataDir), { recursive: true, force: true });
  await mkdir(scratchOf(dataDir), { mode: 0o700 });
}
