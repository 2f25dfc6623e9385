import { execFile, spawn } from "node:child_process";
import { constants, setPriority } from "node:os";
import { promisify } from "node:util";
import { commonArgs, type Ffmpeg, FfmpegError, type FfmpegRun, placeholders } from "./ffmpeg.ts";

const probeMs = 5_000;
const tailBytes = 2_000;

/** The version of a program that is an ffmpeg with the codecs needed; undefined when it is none. */
export async function probeFfmpeg(path: string): Promise<string | undefined> {
  try {
    const limits = { timeout: probeMs, maxBuffer: 4_194_304 };
    const { stdout } = await promisify(execFile)(path, ["-hide_banner", "-encoders"], limits);
    if (!stdout.includes("libopus") || !stdout.includes("libx264")) return undefined;
    const version = await promisify(execFile)(path, ["-version"], limits);
    return /^ffmpeg version (\S+)/.exec(version.stdout)?.[1];
  } catch {
    return undefined;
  }
}

/** An ffmpeg of this machine, run as a process of low priority. */
export function createNativeFfmpeg(path: string): Ffmpeg {
  return { kind: "native", run: (run, signal) => runOnce(path, run, signal) };
}

async function runOnce(path: string, run: FfmpegRun, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const values = new Map<string, string>([
    [placeholders.input, `file:${run.input}`],
    [placeholders.output, `file:${run.output ?? ""}`],
    [placeholders.pipe, "pipe:1"],
  ]);
  const args = run.args.map((arg) => values.get(arg) ?? arg);
  const child = spawn(path, [...commonArgs, "-protocol_whitelist", "file,pipe", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    // Tokens live in the environment: it gets only what finds the program.
    env: { PATH: process.env["PATH"] },
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const kill = (): void => void child.kill("SIGKILL");
  signal.addEventListener("abort", kill, { once: true });
  let said = "";
  child.stderr.on("data", (piece: Buffer) => {
    said = (said + piece.toString("utf8")).slice(-tailBytes);
  });
  child.stdout.on("data", (piece: Buffer) => run.onPipe?.(piece));
  child.once("error", (error) => reject(new FfmpegError(error.message)));
  // After `exit` the pipes may still hold the end.
  child.once("close", (code) => (code === 0 ? resolve() : reject(new FfmpegError(said))));
  try {
    if (child.pid !== undefined) lowerPriority(child.pid);
    await promise;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", kill);
  }
}

function lowerPriority(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It has ended already, or this system does not permit it: then it runs as it is.
  }
}
