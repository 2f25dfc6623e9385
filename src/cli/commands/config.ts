import type { Declare } from "../command-table.ts";
import { loadSettings } from "../settings.ts";

/** `wazapi config`. */
export const declareConfig: Declare = (command, run) => {
  command
    .command("check")
    .description("Check the settings of flags, environment and wacli.config.ts, and name every mistake.")
    .action(
      run(async (cli) => {
        const { file, withoutEffect } = await loadSettings(cli);
        const found = { ok: true, ...(file !== undefined && { file }), withoutEffect };
        cli.out.document(found, (page) => page.text("ok"));
        for (const name of withoutEffect) cli.out.say(`${name} (environment) has no effect yet`);
        cli.out.say(
          file === undefined ? "there is no wacli.config.ts here; flags and environment only" : `read ${file}`,
        );
      }),
    );
  command
    .command("print")
    .description("Print every setting with its value and where that comes from; secrets are masked.")
    .option("--docs", "print the table of all settings as Markdown instead")
    .action(
      run<{ docs?: true }>(async (cli, { options }) => {
        const { describeConfig, optionTable } = await import("#config/describe.ts");
        if (options.docs === true) {
          const table = optionTable();
          cli.out.document({ markdown: table }, () => cli.out.raw(table));
          return;
        }
        const described = describeConfig(await loadSettings(cli));
        cli.out.document(described, (page) =>
          page.table(
            ["SETTING", "VALUE", "FROM", "ENVIRONMENT"],
            described.map(({ path, text, source, env }) => [path, text, originOf(source), env]),
          ),
        );
      }),
    );
};

function originOf({ from, name }: { readonly from: string; readonly name: string }): string {
  return from === "env" || from === "flag" ? name : from;
}
