import { statfsSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const memory = "/dev/shm";
const enoughBytes = 8e9;

/** In memory where there is room, because half of a commit is the disk. */
function place(): string {
  try {
    const { bavail, bsize } = statfsSync(memory);
    return bavail * bsize > enoughBytes ? memory : tmpdir();
  } catch {
    return tmpdir();
  }
}

let directory: string | undefined;

/** Before a run: one directory for all that its tests keep, databases and files. Workers inherit it as `TMPDIR`. */
export async function setup(): Promise<void> {
  directory = await mkdtemp(join(place(), "wazapi-tests-"));
  // Some tests run as somebody else.
  await chmod(directory, 0o755);
  process.env["TMPDIR"] = directory;
}

/** After it: also what killed processes left behind is gone. */
export async function teardown(): Promise<void> {
  if (directory !== undefined) await rm(directory, { recursive: true, force: true });
}
