import { onStopSignals } from "#cluster/stop-signals.ts";

import { createRun } from "./cli.ts";
import { exitCodes } from "./exit-code.ts";
import { processIo } from "./io.ts";
import type { CliIo } from "./io.ts";
import { createProgram, withoutHelpCommand } from "./program.ts";
import { reportError } from "./report-error.ts";

const signalNumbers: Readonly<Partial<Record<NodeJS.Signals, number>>> = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };

/**
 * The command line: parses, runs one command, says an error once, and answers the exit code. Never throws. The first
 * signal asks the command to stop, a second one ends the process at once.
 */
export async function main(argv: readonly string[], io: CliIo = processIo()): Promise<number> {
  const exitCode = await runCommand(argv, io);
  io.done(exitCode);
  return exitCode;
}

async function runCommand(argv: readonly string[], io: CliIo): Promise<number> {
  const stop = new AbortController();
  let pipeBroken = false;
  let stoppedBy: NodeJS.Signals | undefined;
  io.onBrokenPipe(() => {
    pipeBroken = true;
    stop.abort();
  });
  const first = (signal: NodeJS.Signals): void => {
    stoppedBy = signal;
    // The terminal has put ^C on the line that comes next.
    if (io.stderr.isTTY && signal === "SIGINT") io.stderr.write("\n");
    stop.abort();
  };
  const again = (signal: NodeJS.Signals): void => io.exitNow(exitCodeOfSignal(signal));
  using _signals = onStopSignals(io.signals, { first, again }, io.clock);
  let exitCode: number = exitCodes.ok;
  const run = createRun({ io, signal: stop.signal }, (code) => {
    exitCode = code;
  });
  try {
    await createProgram(io, run).parseAsync(withoutHelpCommand(argv), { from: "user" });
    return pipeBroken ? exitCodes.ok : exitCode;
  } catch (error) {
    // Whoever closed the pipe has seen enough, and nobody would see the message.
    if (pipeBroken) return exitCodes.ok;
    const code = reportError(io, error);
    return stoppedBy === undefined ? code : exitCodeOfSignal(stoppedBy);
  }
}

/** What shells say of a program that a signal has ended. */
function exitCodeOfSignal(signal: NodeJS.Signals): number {
  return 128 + (signalNumbers[signal] ?? 0);
}
