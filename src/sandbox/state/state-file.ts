import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { sleep } from "#lib/sleep.ts";
import { SandboxError } from "../sandbox-error.ts";

/** A JSON file that follows what it holds. Disposing it saves for the last time. */
export interface StateFile extends AsyncDisposable {
  /** Saves soon. */
  readonly changed: () => void;
}

const saveAfterMs = 200;
/** Saving may take one part in so many of the time. */
const restFactor = 10;

/** Reads the file; undefined when there is none. Throws `invalid` when it is not JSON. */
export async function readState(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if (Object(cause).code === "ENOENT") return undefined;
    throw new SandboxError("unavailable", `the state file ${path} cannot be read`, { cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SandboxError("invalid", `${path} is not a state file of a sandbox`, { cause });
  }
}

/** Keeps a file up to date. It is replaced as a whole: whoever reads it finds one state or the next. */
export function openStateFile(
  deps: { readonly clock: Clock; readonly log: Log; readonly snapshot: () => unknown },
  path: string,
): StateFile {
  const { clock, log, snapshot } = deps;
  const stop = new AbortController();
  let isDirty = false;
  let saving: Promise<void> | undefined;

  const save = async (): Promise<void> => {
    isDirty = false;
    const temporary = `${path}.new`;
    try {
      // It holds private keys, although only of people who do not exist.
      await mkdir(dirname(path), { recursive: true });
      await writeFile(temporary, JSON.stringify(snapshot()), { mode: 0o600 });
      await rename(temporary, path);
    } catch (error) {
      isDirty = true;
      log.error({ error }, "sandbox: the state could not be saved");
      await rm(temporary, { force: true });
    }
  };
  // What is changed while it is being saved has to be saved again.
  const isBehind = (): boolean => isDirty;
  const follow = async (): Promise<void> => {
    let restMs = saveAfterMs;
    do {
      await sleep(restMs, stop.signal);
      if (stop.signal.aborted) break;
      const startedMs = clock.monotonicMs();
      await save();
      restMs = Math.max(saveAfterMs, (clock.monotonicMs() - startedMs) * restFactor);
    } while (isBehind());
    saving = undefined;
  };
  return {
    changed() {
      isDirty = true;
      if (!stop.signal.aborted) saving ??= follow();
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await saving;
      await save();
    },
  };
}
