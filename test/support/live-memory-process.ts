/** Loaded into a process by {@link openMemoryWatch}: a line for each sample, in the file the environment names. */
import { appendFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import { createLiveMemory } from "./live-memory.ts";

const pauseMs = 75;
const file = process.env["LIVE_MEMORY_FILE"];

if (isMainThread && file !== undefined) {
  const liveBytes = createLiveMemory();
  const sample = (): void => {
    appendFileSync(file, `${liveBytes()}\n`);
    setTimeout(sample, pauseMs).unref();
  };
  sample();
}
