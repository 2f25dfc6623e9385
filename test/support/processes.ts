import { spawn, type ChildProcess } from "node:child_process";
import { createServer } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Root of the checkout. */
export const projectRoot = fileURLToPath(new URL("../..", import.meta.url));

/** Where `bin/wazapi.js` keeps compiled code too: a start is a third shorter. */
const compileCache = join(projectRoot, "node_modules", ".cache", "compile");

/** A process of ours under test. Disposing ends it with SIGKILL when it still runs. */
export interface TestProcess extends AsyncDisposable {
  readonly pid: number;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
  readonly isRunning: () => boolean;
  /** The last lines of stdout and stderr, for messages of failures. */
  readonly output: () => string;
}

/** Options of Node with which the program is imported as `bin/wazapi.js` imports it. */
export const quick = ["--import", "./bin/quick-imports.js"] as const;

/** Starts `node <args>` in the project root under the very Node that runs the tests. */
export function startNode(args: readonly string[], env: Readonly<Record<string, string>> = {}): TestProcess {
  return startProcess([process.execPath, ...args], env);
}

/** Starts a command in the project root. */
export function startProcess(
  [command = "", ...args]: readonly string[],
  env: Readonly<Record<string, string>> = {},
): TestProcess {
  const child: ChildProcess = spawn(command, args, {
    cwd: projectRoot,
    env: { ...process.env, NODE_COMPILE_CACHE: compileCache, NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let tail = "";
  const keep = (chunk: Buffer): void => {
    tail = (tail + chunk.toString()).slice(-8_000);
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  let running = true;
  const exited = once(child, "exit").then(([code, signal]) => {
    running = false;
    return (code ?? signal) as number | string;
  });
  return {
    pid: child.pid!,
    kill: (signal) => void child.kill(signal),
    exited,
    isRunning: () => running,
    output: () => tail,
    async [Symbol.asyncDispose]() {
      if (running) child.kill("SIGKILL");
      await exited;
    },
  };
}

/** A TCP port of the loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Asks again every `everyMs` until `probe` answers something; throws with `what` after `withinMs`. */
export async function until<T>(
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  options: { readonly what: string; readonly withinMs: number; readonly everyMs?: number },
): Promise<T> {
  const end = performance.now() + options.withinMs;
  for (;;) {
    const answer = await probe();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > end) throw new Error(`not within ${options.withinMs} ms: ${options.what}`);
    await new Promise((resolve) => setTimeout(resolve, options.everyMs ?? 20));
  }
}
