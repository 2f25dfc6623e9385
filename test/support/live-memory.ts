import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Bytes that something still holds. Unlike the resident size it does not depend on when garbage was collected. */
export type LiveBytes = number;

/** The collector, which Node shows to those only who ask for it. */
function collector(): () => void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect !== "function") throw new Error("this Node does not show its collector");
  return () => void collect();
}

/** Answers what this process holds, after a collection; stops it for as long as that takes. */
export function createLiveMemory(): () => LiveBytes {
  const collect = collector();
  return () => {
    // The first one only begins to free buffers, the second waits until that is done.
    collect();
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
}

/** What another process holds, over time. Disposing forgets it. */
export interface MemoryWatch extends AsyncDisposable {
  /** Makes a Node process that is started with it write down what it holds, about ten times a second. */
  readonly env: Readonly<Record<string, string>>;
  /** Begins a stretch of time: its first sample is what everything later is compared with. */
  readonly begin: () => Promise<{
    /** The most it held since, above the beginning, and how many times that was looked at. */
    readonly growth: () => Promise<{ readonly bytes: LiveBytes; readonly samples: number }>;
  }>;
}

/** Opens a watch for one process. */
export async function openMemoryWatch(): Promise<MemoryWatch> {
  const directory = await mkdtemp(join(tmpdir(), "wazapi-memory-"));
  const file = join(directory, "samples");
  const samples = async (): Promise<readonly LiveBytes[]> => {
    const text = await readFile(file, "utf8");
    return text.split("\n").slice(0, -1).map(Number);
  };
  return {
    env: {
      LIVE_MEMORY_FILE: file,
      NODE_OPTIONS: `--import=${pathToFileURL(join(import.meta.dirname, "live-memory-process.ts")).href}`,
    },
    begin: async () => {
      const before = await samples();
      const start = before.at(-1);
      if (start === undefined) throw new Error("the process has not written down anything yet");
      return {
        growth: async () => {
          const since = (await samples()).slice(before.length);
          return { bytes: Math.max(start, ...since) - start, samples: since.length };
        },
      };
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}
