import { Command, Option } from "commander";

import type { Run } from "./cli.ts";
import { commandTable } from "./command-table.ts";
import type { CommandEntry } from "./command-table.ts";
import type { CliIo } from "./io.ts";

/** The program with the names and summaries of its commands; a command's own declarations come when it is called. */
export function createProgram(io: CliIo, run: Run): Command {
  const program = new Command("wazapi");
  program
    .description("A self-hosted WhatsApp HTTP API in one program.")
    .addOption(new Option("--json", "print JSON: one document, or a line for each entry of a stream"))
    .addOption(
      new Option("--url <url>", "the server to talk to, instead of $WAZAPI_URL or the one on the data directory"),
    )
    .addOption(new Option("--data <dir>", "the data directory, instead of $WAZAPI_DATA_DIR"))
    .addOption(new Option("--config <file>", "the settings file, instead of ./wacli.config.ts"))
    .helpCommand(false)
    .addHelpText("after", "\nNew here? `wazapi demo` shows it all; `wazapi serve`, then `wazapi pair` is the start.")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, "wazapi: ")),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .showSuggestionAfterError()
    .exitOverride();
  const entries = new Map<string, CommandEntry>();
  for (const entry of commandTable) {
    entries.set(entry.name, entry);
    program.command(entry.name).summary(entry.summary).description(sentence(entry.summary)).helpGroup(entry.group);
  }
  program.hook("preSubcommand", async (_program, command) => {
    await complete(command, entries.get(command.name()), run);
  });
  return program;
}

/** Loads what all commands declare; for what looks at the whole program. */
export async function completeProgram(program: Command, run: Run): Promise<void> {
  for (const entry of commandTable) {
    await complete(
      program.commands.find((command) => command.name() === entry.name),
      entry,
      run,
    );
  }
}

/** `help send` is `send --help`: commander's own would show the help of a command that has declared nothing yet. */
export function withoutHelpCommand(argv: readonly string[]): readonly string[] {
  const [first, ...rest] = argv;
  return first === "help" ? [...rest, "--help"] : argv;
}

async function complete(command: Command | undefined, entry: CommandEntry | undefined, run: Run): Promise<void> {
  if (command === undefined || entry === undefined) return;
  const declare = await entry.load();
  declare(command, run);
  for (const one of [command, ...command.commands]) {
    one.copyInheritedSettings(one.parent ?? one);
    one.helpCommand(false);
    one.showHelpAfterError(`See \`wazapi ${pathOf(one)} --help\`.`);
  }
}

function pathOf(command: Command): string {
  const names: string[] = [];
  for (let at: Command | null = command; at?.parent !== null && at !== null; at = at.parent) names.unshift(at.name());
  return names.join(" ");
}

function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
}
