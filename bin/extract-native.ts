import { createHash } from "node:crypto";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";

import { WazapiError } from "#domain/errors.ts";

import type { NativeFile, NativeModule } from "./native-manifest.ts";

/** Where the files come from and who loads the result. */
export interface ExtractDeps {
  readonly content: (path: string) => Uint8Array;
  readonly load: (file: string) => unknown;
}

/** Why a place cannot be used; the next one is tried. */
class UnusablePlace extends Error {}

/**
 * Writes the module's files below the first usable place, unless they are there unchanged, and loads the module. Whoever
 * else can write there could run code as us, so a place must belong to this user alone. Throws `unavailable` with the
 * reasons when no place will do.
 */
export function extractNative(
  deps: ExtractDeps,
  input: { readonly name: string; readonly module: NativeModule; readonly places: readonly string[] },
): unknown {
  const reasons: string[] = [];
  for (const place of input.places) {
    try {
      return loadFrom(deps, input, place);
    } catch (error) {
      const reason = reasonOf(error);
      if (reason === undefined) throw error;
      reasons.push(`${place}: ${reason}`);
    }
  }
  const advice = "set WAZAPI_CACHE_DIR to a directory of your own on a file system that allows execution";
  throw new WazapiError("unavailable", {
    message: `cannot load ${input.name}, which has to be a file (${reasons.join("; ")}): ${advice}`,
  });
}

/** Directories to try, the best first. One that is asked for by name is the only one. */
export function cachePlaces(env: NodeJS.ProcessEnv): readonly string[] {
  const { WAZAPI_CACHE_DIR: wanted, CACHE_DIRECTORY: systemd } = env;
  if (wanted !== undefined && wanted !== "") return [wanted];
  const places = [systemd, userCache(env)].filter((place) => place !== undefined).filter((place) => isAbsolute(place));
  return [...places.map((place) => join(place, "wazapi")), join(tmpdir(), `wazapi-${process.getuid?.() ?? "user"}`)];
}

function userCache(env: NodeJS.ProcessEnv): string | undefined {
  const home = homedir();
  switch (process.platform) {
    case "win32":
      return env["LOCALAPPDATA"];
    case "darwin":
      return join(home, "Library", "Caches");
    default:
      // Users of services often have a home that does not exist, and it is not for us to make it.
      return env["XDG_CACHE_HOME"] ?? (existsSync(home) ? join(home, ".cache") : undefined);
  }
}

function loadFrom(
  deps: ExtractDeps,
  input: { readonly name: string; readonly module: NativeModule },
  place: string,
): unknown {
  const { module } = input;
  mkdirSync(place, { recursive: true, mode: 0o700 });
  refuseForeign(place);
  const directory = join(place, `${input.name}-${module.hash}`);
  if (!isIntact(directory, module.files)) write(deps, { directory, place, files: module.files });
  return deps.load(join(directory, module.entry));
}

/** A directory that is ours, and that nobody else can write to. */
function refuseForeign(directory: string): void {
  const found = lstatSync(directory);
  if (!found.isDirectory()) throw new UnusablePlace("it is no directory");
  if (process.getuid === undefined) return;
  if (found.uid !== process.getuid()) throw new UnusablePlace("it belongs to another user");
  if ((found.mode & 0o022) !== 0) throw new UnusablePlace("others can write to it");
}

function isIntact(directory: string, files: readonly NativeFile[]): boolean {
  if (!existsSync(directory)) return false;
  refuseForeign(directory);
  return files.every((file) => {
    const path = join(directory, file.path);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined || !found.isFile() || found.size !== file.bytes) return false;
    return createHash("sha256").update(readFileSync(path)).digest("hex") === file.sha256;
  });
}

/** Writes beside the goal and renames, so that a directory under its final name is always complete. */
function write(
  deps: ExtractDeps,
  input: { readonly directory: string; readonly place: string; readonly files: readonly NativeFile[] },
): void {
  const draft = mkdtempSync(join(input.place, ".new-"));
  try {
    for (const file of input.files) {
      const path = join(draft, file.path);
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      writeFileSync(path, deps.content(file.path), { mode: 0o500 });
    }
    putInPlace(draft, input);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

function putInPlace(draft: string, { directory, files }: { directory: string; files: readonly NativeFile[] }): void {
  // What is there is damaged, or another process has just finished the same work.
  if (existsSync(directory) && !isIntact(directory, files)) rmSync(directory, { recursive: true, force: true });
  try {
    renameSync(draft, directory);
  } catch (error) {
    if (!existsSync(directory) || !isIntact(directory, files)) throw error;
  }
}

/** Undefined for failures that another place would not cure. */
function reasonOf(error: unknown): string | undefined {
  if (error instanceof UnusablePlace) return error.message;
  const { code, message } = Object(error) as { readonly code?: unknown; readonly message?: unknown };
  switch (code) {
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return "it cannot be written";
    case "ENOENT":
    case "ENOTDIR":
    case "EEXIST":
    case "ELOOP":
      return "it cannot be made";
    case "ENOSPC":
    case "EDQUOT":
      return "it is full";
    case "ERR_DLOPEN_FAILED":
      // The words of the C library and of the kernel for a mapping that the mount forbids.
      return /failed to map segment|not permitted|denied/i.test(String(message)) ? "it is mounted noexec" : undefined;
    default:
      return undefined;
  }
}
