import { Worker } from "node:worker_threads";
import { commonArgs, type Ffmpeg, FfmpegError, type FfmpegRun, placeholders } from "./ffmpeg.ts";
import { type FfmpegCore, loadFfmpegCore } from "./ffmpeg-core.ts";
import { type FfmpegWorkerInput, type FfmpegWorkerMessage, ffmpegWorker, workerPaths } from "./ffmpeg-worker.ts";

/**
 * The ffmpeg that comes with wazapi, in WebAssembly: it sees one file and nothing else of this machine. Each run has a
 * thread and a memory of its own, which go with it; the compiled program is kept once it was needed.
 */
export function createWasmFfmpeg(): Ffmpeg {
  let loading: Promise<FfmpegCore | undefined> | undefined;
  return {
    kind: "wasm",
    run: async (run, signal) => {
      loading ??= loadFfmpegCore();
      const core = await loading.catch((error: unknown) => {
        loading = undefined;
        throw new FfmpegError(error instanceof Error ? error.message : "not loaded");
      });
      if (core === undefined) throw new FfmpegError("the package @ffmpeg/core is not installed");
      await runOnce(core, run, signal);
    },
  };
}

async function runOnce(core: FfmpegCore, run: FfmpegRun, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const values = new Map<string, string>([
    [placeholders.input, workerPaths.input],
    [placeholders.output, workerPaths.output],
    [placeholders.pipe, workerPaths.pipe],
  ]);
  const workerData: FfmpegWorkerInput = {
    ...core,
    args: [...commonArgs, ...run.args.map((arg) => values.get(arg) ?? arg)],
    input: run.input,
    output: run.output,
  };
  // A bundler may wrap functions to keep their names; the helper it calls is not there.
  const source = `const __name = (value) => value; (${ffmpegWorker.toString()})();`;
  const worker = new Worker(source, { eval: true, workerData, env: {}, stdout: true, stderr: true });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  worker.on("message", (message: FfmpegWorkerMessage) => {
    if (message.kind === "piece") run.onPipe?.(message.bytes);
    else if (message.code === 0) resolve();
    else reject(new FfmpegError(message.said));
  });
  worker.once("error", (error) =>
    reject(new FfmpegError(error instanceof Error ? error.message : "its thread failed")),
  );
  worker.once("exit", () => reject(new FfmpegError("its thread ended early")));
  try {
    await promise;
  } finally {
    signal.removeEventListener("abort", abort);
    await worker.terminate();
  }
}
