import { Argument, Command } from "commander";

import type { Declare } from "../command-table.ts";
import { completionScript, shells } from "../completion-script.ts";
import type { Shell } from "../completion-script.ts";
import { completeProgram } from "../program.ts";

/** `wazapi completion`. */
export const declareCompletion: Declare = (command, run) => {
  command
    .description("Print the completion script of a shell.")
    .addArgument(new Argument("<shell>", "which").choices(shells))
    .addHelpText(
      "after",
      `
bash:  echo 'source <(wazapi completion bash)' >> ~/.bashrc
zsh:   echo 'source <(wazapi completion zsh)' >> ~/.zshrc
fish:  wazapi completion fish > ~/.config/fish/completions/wazapi.fish`,
    )
    .action(
      run(async ({ out }, { args: [shell] }) => {
        const program = command.parent ?? command;
        await completeProgram(program, run);
        // Commander has checked the choice.
        const script = completionScript(shell as Shell, wordsOf(program));
        out.document({ shell, script }, () => out.raw(script));
      }),
    );
};

/** What may follow each command: its subcommands and long options. */
function wordsOf(program: Command): ReadonlyMap<string, readonly string[]> {
  const words = new Map<string, readonly string[]>();
  const visit = (command: Command, path: readonly string[]): void => {
    const names = command.commands.map((one) => one.name());
    const options = [...command.options, ...(command === program ? [] : program.options)];
    words.set(path.join(" "), [...names, ...options.flatMap(({ long }) => (long ? [long] : [])), "--help"]);
    for (const one of command.commands) visit(one, [...path, one.name()]);
  };
  visit(program, []);
  return words;
}
