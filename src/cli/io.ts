import { createInterface } from "node:readline";

import { systemClock } from "#lib/clock.ts";
import type { Clock } from "#lib/clock.ts";

/** A stream that is written to, with what is known of the terminal behind it. */
export interface TextSink {
  readonly write: (text: string) => unknown;
  readonly isTTY: boolean;
  /** Size of the terminal. */
  readonly columns?: number;
  readonly rows?: number;
}

/** Everything a command touches outside the program; tests bring their own. */
export interface CliIo {
  /** Data. */
  readonly stdout: TextSink;
  /** Talk. */
  readonly stderr: TextSink;
  /** The whole of standard input as text, when a command asks for it. */
  readonly readStdin: () => Promise<string>;
  /** The next line of standard input; undefined when it has ended, and on abort. */
  readonly readLine: (signal: AbortSignal) => Promise<string | undefined>;
  /** Resolves when standard input ends. */
  readonly untilStdinEnds: () => Promise<void>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Working directory. */
  readonly cwd: string;
  /** From now on this process, and what it starts, keeps its temporary files there. */
  readonly useTemporaryDirectory: (path: string) => void;
  readonly clock: Clock;
  /** Where requests to stop come from. */
  readonly signals: {
    readonly on: (signal: NodeJS.Signals, listener: () => void) => unknown;
    readonly off: (signal: NodeJS.Signals, listener: () => void) => unknown;
  };
  /** Calls back once when nobody reads standard output any more. */
  readonly onBrokenPipe: (listener: () => void) => void;
  /**
   * Tells of promises that failed and that nobody waited for, instead of ending the process for them; until disposed.
   * Packages leave some behind when a connection closes at the wrong moment.
   */
  readonly onStrayFailure: (listener: (error: unknown) => void) => Disposable;
  /** Ends the process now, without any clean-up. */
  readonly exitNow: (code: number) => void;
  /** Called once everything is done, with the exit code. */
  readonly done: (code: number) => void;
}

/** How long a process may take to end by itself. */
const lingerMs = 50;

/** The process itself. */
export function processIo(): CliIo {
  return {
    stdout: sinkOf(process.stdout),
    stderr: sinkOf(process.stderr),
    readStdin: async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of process.stdin as AsyncIterable<Buffer>) chunks.push(chunk);
      return Buffer.concat(chunks).toString("utf8");
    },
    readLine: async (signal) => {
      // Made for one line and closed again, so that an input nobody waits for keeps no process alive.
      const lines = createInterface({ input: process.stdin, terminal: false });
      try {
        return await new Promise<string | undefined>((resolve) => {
          if (signal.aborted) resolve(undefined);
          signal.addEventListener("abort", () => resolve(undefined), { once: true });
          lines.once("line", resolve);
          lines.once("close", () => resolve(undefined));
        });
      } finally {
        lines.close();
        process.stdin.pause();
      }
    },
    untilStdinEnds: async () => {
      // What comes in is not wanted, but only a stream that is read comes to its end.
      for await (const _chunk of process.stdin);
    },
    env: process.env,
    cwd: process.cwd(),
    useTemporaryDirectory: (path) => {
      for (const name of ["TMPDIR", "TEMP", "TMP"]) process.env[name] = path;
    },
    clock: systemClock,
    signals: process,
    onBrokenPipe: (listener) => {
      for (const stream of [process.stdout, process.stderr]) {
        stream.on("error", (error: NodeJS.ErrnoException) => {
          if (error.code !== "EPIPE") throw error;
          listener();
        });
      }
    },
    onStrayFailure: (listener) => {
      process.on("unhandledRejection", listener);
      return { [Symbol.dispose]: () => void process.off("unhandledRejection", listener) };
    },
    exitNow: (code) => process.exit(code),
    done: (code) => {
      // Baileys leaves timers behind (30 s for an upload of keys) that would keep a process which has nothing left to do.
      process.stdout.write("", () => {
        setTimeout(() => process.exit(code), lingerMs).unref();
      });
    },
  };
}

function sinkOf(stream: NodeJS.WriteStream): TextSink {
  // Node leaves it undefined when it is no terminal, whatever the types say.
  const isTTY = stream.isTTY ?? false;
  return { write: (text) => stream.write(text), isTTY, ...(isTTY && { columns: stream.columns, rows: stream.rows }) };
}
