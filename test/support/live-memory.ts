import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { until } from "./processes.ts";

/** Bytes that something still holds. Unlike the resident size it does not depend on when garbage was collected. */
type LiveBytes = number;

const minPauseMs = 50;
/** Pauses last so many times as long as a collection does, so that what is watched is not slowed down by much. */
const pauseFactor = 2;

type Collect = (options?: { readonly type: "minor" }) => void;

/** Answers what this process holds, after a collection; stops it for as long as that takes. */
function createLiveMemory(): () => LiveBytes {
  // Node shows its collector to those only who ask for it.
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect !== "function") throw new Error("this Node does not show its collector");
  const run = collect as Collect;
  return () => {
    run();
    // The first one only begins to free buffers; any other waits until that is done.
    run({ type: "minor" });
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
}

/** Looks again and again until it is disposed of; a look is taken while `wanted`. */
export function sampleLiveMemory(onSample: (bytes: LiveBytes) => void, wanted: () => boolean = () => true): Disposable {
  const liveBytes = createLiveMemory();
  const look = (): void => {
    const start = performance.now();
    if (wanted()) onSample(liveBytes());
    timer = setTimeout(look, Math.max(minPauseMs, pauseFactor * (performance.now() - start)));
    timer.unref();
  };
  let timer = setTimeout(look, 0);
  timer.unref();
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

/** The most that was held since the first sample, above that one. */
export interface Growth {
  readonly bytes: LiveBytes;
  readonly samples: number;
}

/** Measures this process from now on. */
export function watchOwnMemory(): Disposable & { readonly growth: () => Growth } {
  const liveBytes = createLiveMemory();
  const first = liveBytes();
  let [peak, samples] = [first, 0];
  const sampling = sampleLiveMemory((bytes) => {
    peak = Math.max(peak, bytes);
    samples += 1;
  });
  return { growth: () => ({ bytes: peak - first, samples }), [Symbol.dispose]: () => sampling[Symbol.dispose]() };
}

/** What another process holds. Disposing forgets it. */
export interface MemoryWatch extends AsyncDisposable {
  /** Makes a Node process that is started with it write down what it holds, as long as somebody measures. */
  readonly env: Readonly<Record<string, string>>;
  /** How much more it holds at the most while `work` is done than before. */
  readonly during: <T>(work: () => Promise<T>) => Promise<{ readonly result: T; readonly growth: Growth }>;
}

/** Opens a watch for one process. */
export async function openMemoryWatch(): Promise<MemoryWatch> {
  const directory = await mkdtemp(join(tmpdir(), "wazapi-memory-"));
  const file = join(directory, "samples");
  const samples = async (): Promise<readonly LiveBytes[]> => {
    const text = existsSync(file) ? await readFile(file, "utf8") : "";
    return text.split("\n").slice(0, -1).map(Number);
  };
  return {
    env: {
      LIVE_MEMORY_FILE: file,
      NODE_OPTIONS: `--import=${pathToFileURL(join(import.meta.dirname, "live-memory-process.ts")).href}`,
    },
    during: async (work) => {
      const before = (await samples()).length;
      await writeFile(`${file}.wanted`, "");
      const first = await until(async () => (await samples())[before], { what: "a first sample", withinMs: 60_000 });
      const result = await work();
      await rm(`${file}.wanted`);
      const since = (await samples()).slice(before);
      return { result, growth: { bytes: Math.max(...since) - first, samples: since.length } };
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}
