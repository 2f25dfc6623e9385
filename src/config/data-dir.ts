import { mkdir, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

import { WazapiError } from "#domain/errors.ts";

/** The embedded database of a data directory. */
export function databasePath(dataDir: string): string {
  return join(dataDir, "wazapi.db");
}

/**
 * Makes the data directory, for nobody else to read, with the directories above it; one that is there stays as it is.
 * Throws `storage` with the reason when that cannot be.
 */
export async function makeDataDir(dir: string): Promise<void> {
  const missing: string[] = [];
  try {
    // Not `recursive`: Node never ends where the system refuses new directories with ENOENT, as in /proc.
    for (let at = resolve(dir); !(await isDirectory(at)); at = dirname(at)) missing.unshift(at);
    for (const path of missing) await makeOne(path);
  } catch (cause) {
    const code = String(codeOf(cause));
    const message = `the data directory ${dir} cannot be made: ${reasons[code] ?? code}`;
    throw new WazapiError("storage", { message, details: { hint: "name another with --data" }, cause });
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOTDIR: "a file is in its place",
  EEXIST: "a file is in its place",
  ENOENT: "the system allows no directory there",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the disk is read-only",
  ENOSPC: "the disk is full",
};

/** False for nothing; throws for what is no directory. */
async function isDirectory(path: string): Promise<boolean> {
  try {
    if ((await stat(path)).isDirectory()) return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
  throw Object.assign(new Error(`${path} is no directory`), { code: "ENOTDIR" });
}

async function makeOne(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    // Another process of the same start was faster.
    if (codeOf(error) !== "EEXIST" || !(await isDirectory(path))) throw error;
  }
}

function codeOf(error: unknown): unknown {
  return Object(error).code;
}
