import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

import { WazapiError } from "#domain/errors.ts";
import { sleep } from "#lib/sleep.ts";

import type { CliIo } from "./io.ts";
import { selfCommand } from "./self-command.ts";

/** A sandbox in a process of its own. Disposing ends it. */
export interface SandboxProcess extends AsyncDisposable {
  readonly url: string;
  /** Resolves when it ends, whoever ended it. */
  readonly ended: Promise<void>;
}

const startMs = 30_000;
const graceMs = 3_000;

/** What it may know of the environment; tokens are none of its business. */
const passedOn = [
  "PATH",
  "HOME",
  "TMPDIR",
  "TEMP",
  "SystemRoot",
  "LANG",
  "TZ",
  "LOG_LEVEL",
  "NO_COLOR",
  // Where the single executable keeps its native modules: the child uses the same ones.
  "WAZAPI_CACHE_DIR",
  "CACHE_DIRECTORY",
  "XDG_CACHE_HOME",
  "LOCALAPPDATA",
];

/**
 * Starts `wazapi sandbox serve` on a free port. It ends by itself when this process is gone: it holds a pipe from it.
 * Throws `unavailable` when it does not come up.
 */
export async function startSandboxProcess(
  io: Pick<CliIo, "env">,
  options: { readonly statePath?: string },
  signal: AbortSignal,
): Promise<SandboxProcess> {
  const { file, args } = selfCommand();
  const state = options.statePath === undefined ? [] : ["--state", options.statePath];
  const env = Object.fromEntries(
    passedOn.flatMap((name) => (io.env[name] === undefined ? [] : [[name, io.env[name]]])),
  );
  const child = spawn(file, [...args, "sandbox", "serve", "--json", "--until-stdin-ends", ...state], {
    env,
    stdio: ["pipe", "pipe", io.env["LOG_LEVEL"] === "debug" ? "inherit" : "ignore"],
    // Ctrl+C reaches every process of a terminal's group; this one has to outlive the server that uses it.
    detached: true,
    windowsHide: true,
  });
  const ended = endOf(child);
  const end = async (): Promise<void> => {
    child.stdin.destroy();
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    const late = new AbortController();
    await Promise.race([ended, sleep(graceMs, late.signal)]);
    late.abort();
    child.kill("SIGKILL");
    await ended;
  };
  try {
    const url = await urlOf(child, { ended, signal: AbortSignal.any([signal, AbortSignal.timeout(startMs)]) });
    // What it says later is not read; the pipe must not fill up.
    child.stdout.resume();
    return { url, ended, [Symbol.asyncDispose]: end };
  } catch (error) {
    await end();
    throw error;
  }
}

async function endOf(child: ChildProcess): Promise<void> {
  try {
    await once(child, "exit");
  } catch {
    // It could not even be started; who waits for its URL says so.
  }
}

async function urlOf(
  child: { readonly stdout: NodeJS.ReadableStream },
  until: { readonly ended: Promise<void>; readonly signal: AbortSignal },
): Promise<string> {
  const lines = createInterface({ input: child.stdout });
  const line = once(lines, "line", { signal: until.signal }).then(
    ([text]) => text as unknown,
    () => undefined,
  );
  const first = await Promise.race([line, until.ended]);
  lines.close();
  const { url }: { url?: unknown } = typeof first === "string" ? parse(first) : {};
  if (typeof url === "string") return url;
  throw new WazapiError("unavailable", {
    message: "the sandbox does not start",
    details: { hint: "`wazapi sandbox serve` shows why" },
  });
}

function parse(line: string): object {
  try {
    return Object(JSON.parse(line));
  } catch {
    // Not our line, so no URL.
    return {};
  }
}
