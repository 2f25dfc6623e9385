import { EventEmitter } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { CliIo } from "#cli/io.ts";
import { main } from "#cli/main.ts";
import { listenHttp } from "#http/listen.ts";
import { systemClock } from "#lib/clock.ts";

import { known, openHttp } from "../http/support.ts";
import type { TestHttp } from "../http/support.ts";

/** What a command did. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Surroundings of a command in a test. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** Standard output and error are terminals of this size. */
  readonly terminal?: { readonly columns: number; readonly rows: number };
  readonly cwd?: string;
}

/** A command that runs. */
export interface Running {
  readonly ran: Promise<Ran>;
  readonly signal: (signal: NodeJS.Signals) => void;
  readonly breakPipe: () => void;
  /** A line of standard input. */
  readonly type: (line: string) => void;
  readonly stdout: () => string;
  readonly stderr: () => string;
}

/** Starts a command in this process. */
export function start(argv: readonly string[], options: RunOptions = {}): Running {
  const written = { stdout: "", stderr: "" };
  const signals = new EventEmitter();
  const typed: string[] = [];
  let breakPipe = (): void => {};
  const sink = (name: "stdout" | "stderr") => ({
    write: (text: string) => void (written[name] += text),
    isTTY: options.terminal !== undefined,
    ...options.terminal,
  });
  const io: CliIo = {
    stdout: sink("stdout"),
    stderr: sink("stderr"),
    readStdin: async () => options.stdin ?? "",
    readLine: async (signal) => {
      while (typed.length === 0 && !signal.aborted) await new Promise((resolve) => setImmediate(resolve));
      return signal.aborted ? undefined : typed.shift();
    },
    untilStdinEnds: async () => {},
    env: { NO_COLOR: "1", ...options.env },
    cwd: options.cwd ?? tmpdir(),
    useTemporaryDirectory: () => {},
    clock: systemClock,
    signals,
    onBrokenPipe: (listener) => {
      breakPipe = listener;
    },
    // Here it fails the test.
    onStrayFailure: () => ({ [Symbol.dispose]: () => {} }),
    done: () => {},
    exitNow: (code) => {
      throw new Error(`left at once with ${code}`);
    },
  };
  const ran = main(argv, io).then((code) => ({ code, ...written }));
  return {
    ran,
    signal: (signal) => void signals.emit(signal),
    breakPipe: () => breakPipe(),
    type: (line) => void typed.push(line),
    stdout: () => written.stdout,
    stderr: () => written.stderr,
  };
}

/** Runs a command in this process to its end. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return start(argv, options).ran;
}

/** An empty directory that disappears. */
export async function temporaryDirectory(place = tmpdir()): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(place, "wazapi-cli-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** A listening server with two instances, and how commands reach it. */
export interface TestServer extends AsyncDisposable {
  readonly http: TestHttp;
  readonly env: Readonly<Record<string, string>>;
  /** Runs a command against it. */
  readonly run: (argv: readonly string[], options?: RunOptions) => Promise<Ran>;
  readonly start: (argv: readonly string[], options?: RunOptions) => Running;
}

/** Opens one on a free port. */
export async function openServer(): Promise<TestServer> {
  await using parts = new AsyncDisposableStack();
  const http = parts.use(await openHttp());
  const listener = parts.use(
    await listenHttp(http.app, { host: "127.0.0.1", port: 0, drainMs: 0 }, new AbortController().signal),
  );
  const directory = parts.use(await temporaryDirectory());
  const env = {
    WAZAPI_URL: listener.url,
    CLIENT_AUTH_TOKEN: known.clientToken,
    PARTNER_AUTH_TOKEN: known.partnerToken,
  };
  const withServer = (options: RunOptions = {}): RunOptions => ({
    cwd: directory.path,
    ...options,
    env: { ...env, ...options.env },
  });
  const owned = parts.move();
  return {
    http,
    env,
    run: (argv, options) => run(argv, withServer(options)),
    start: (argv, options) => start(argv, withServer(options)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
