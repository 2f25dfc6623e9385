import type { Command } from "commander";

import type { CliIo } from "./io.ts";
import { createOutput } from "./output.ts";
import type { Output } from "./output.ts";

/** Options every command takes, as they were given. */
export interface GlobalOptions {
  readonly json?: true;
  /** Base URL of the server to talk to. */
  readonly url?: string;
  readonly data?: string;
  readonly config?: string;
}

/** What a command works with. */
export interface Cli {
  readonly io: CliIo;
  readonly out: Output;
  readonly globals: GlobalOptions;
  /** Aborts when the user wants it to stop, or when nobody reads the output any more. */
  readonly signal: AbortSignal;
}

/** Runs one command; answers its exit code, 0 when it answers none. */
export type Action<O> = (
  cli: Cli,
  input: { readonly args: readonly string[]; readonly options: O },
) => Promise<number | void>;

/** Turns an action into what commander calls. */
export interface Run {
  <O extends object = object>(action: Action<O>): (...given: readonly unknown[]) => Promise<void>;
}

/** Gives commands their surroundings and hands their exit codes on. */
export function createRun(surroundings: Pick<Cli, "io" | "signal">, ended: (exitCode: number) => void): Run {
  return <O extends object>(action: Action<O>) =>
    async (...given) => {
      // Commander's last argument is always the command itself.
      const command = given.at(-1) as Command;
      const globals = command.optsWithGlobals<GlobalOptions>();
      const out = createOutput(surroundings.io, { json: globals.json === true });
      // The command's own declarations are what makes the type of its options true.
      const input = { args: command.args, options: command.opts<O>() };
      ended((await action({ ...surroundings, out, globals }, input)) ?? 0);
    };
}
