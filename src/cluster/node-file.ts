import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { removeDrafts, writeWhole } from "#lib/write-whole.ts";

const fileName = "node.id";

/**
 * Notes who leads a data directory and answers who led it before; undefined on a fresh one. For the holder of the
 * directory's lock: the former leader is dead then, whatever its leases in a shared store still say.
 */
export async function replaceLeader(input: {
  readonly dir: string;
  readonly nodeId: string;
}): Promise<string | undefined> {
  const path = join(input.dir, fileName);
  const former = await readFile(path, "utf8").catch((error: unknown) => {
    if (Object(error).code === "ENOENT") return "";
    throw error;
  });
  await removeDrafts(path);
  await writeWhole(path, `${input.nodeId}\n`);
  return former.trim() === "" ? undefined : former.trim();
}
