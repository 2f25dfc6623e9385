/** Loaded into a process by `openMemoryWatch`: a line for each sample, in the file the environment names. */
import { appendFileSync, existsSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import { sampleLiveMemory } from "./live-memory.ts";

const file = process.env["LIVE_MEMORY_FILE"];

if (isMainThread && file !== undefined) {
  sampleLiveMemory(
    (bytes) => appendFileSync(file, `${bytes}\n`),
    () => existsSync(`${file}.wanted`),
  );
}
