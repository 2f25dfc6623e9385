import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { removeDrafts, writeWhole } from "#lib/write-whole.ts";

/** How the command line finds the server that runs on a data directory. */
export interface ServerFile {
  readonly url: string;
  readonly pid: number;
  /** Epoch milliseconds. */
  readonly startedAt: number;
}

const fileName = "server.json";

/** Writes `server.json` (readable by the owner only) in one step; disposing removes it unless a successor has replaced it. */
export async function writeServerFile(input: {
  readonly dir: string;
  readonly server: ServerFile;
}): Promise<AsyncDisposable> {
  const path = join(input.dir, fileName);
  const text = `${JSON.stringify(input.server)}\n`;
  await removeDrafts(path);
  await writeWhole(path, text);
  return {
    [Symbol.asyncDispose]: async () => {
      if ((await textOf(path)) === text) await rm(path, { force: true });
    },
  };
}

/**
 * The server that runs on this directory; undefined when there is none, also when the file was left behind by one that
 * died. A number that the system has given to another process meanwhile is only found out by calling the URL.
 */
export async function findServer(
  input: { readonly dir: string },
  isAlive: (pid: number) => boolean = processIsAlive,
): Promise<ServerFile | undefined> {
  const text = await textOf(join(input.dir, fileName));
  if (text === undefined) return undefined;
  const server = parse(text);
  return server !== undefined && isAlive(server.pid) ? server : undefined;
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(Object(error).code)) return undefined;
    throw error;
  }
}

function parse(text: string): ServerFile | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Not written by us; whoever wants a server finds none.
    return undefined;
  }
  const { url, pid, startedAt }: Partial<Record<keyof ServerFile, unknown>> = Object(value);
  if (typeof url !== "string" || typeof pid !== "number" || typeof startedAt !== "number") return undefined;
  return Number.isInteger(pid) && pid > 0 ? { url, pid, startedAt } : undefined;
}

function processIsAlive(pid: number): boolean {
  try {
    // Signal 0 delivers nothing; it only asks whether the process is there.
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return Object(error).code === "EPERM";
  }
}
