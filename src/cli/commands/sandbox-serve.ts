import { resolve } from "node:path";

import { Option } from "commander";

import type { Cli } from "../cli.ts";
import type { Declare } from "../command-table.ts";
import { whole } from "../options.ts";
import { untilAborted } from "../until-aborted.ts";

interface ServeOptions {
  readonly port: number;
  readonly state?: string;
  readonly untilStdinEnds?: true;
}

/** `wazapi sandbox serve`. */
export const declareSandboxServe: Declare = (command, run) => {
  command
    .command("serve")
    .description("Run a simulated WhatsApp on this machine; `wazapi serve --sandbox=URL` uses it.")
    .option("--port <port>", "where it listens; 0 takes a free port", whole(0, 65_535), 0)
    .option("--state <file>", "keep its world in this file over a restart")
    .addOption(new Option("--until-stdin-ends", "end together with whoever holds standard input open").hideHelp())
    .action(run<ServeOptions>(serve));
};

async function serve(cli: Cli, { options }: { readonly options: ServeOptions }): Promise<void> {
  const [{ startSandbox }, { createLog }] = await Promise.all([
    import("#sandbox/sandbox.ts"),
    import("#observe/log.ts"),
  ]);
  const level = cli.io.env["LOG_LEVEL"] === "debug" ? "debug" : "warn";
  const log = createLog({ level, format: "auto" }).child({ component: "sandbox" });
  await using sandbox = await startSandbox({
    port: options.port,
    log,
    ...(options.state !== undefined && { statePath: resolve(cli.io.cwd, options.state) }),
  });
  cli.out.entry({ url: sandbox.url }, sandbox.url);
  if (options.untilStdinEnds !== true)
    cli.out.say(`a simulated WhatsApp runs; use it with \`wazapi serve --sandbox=${sandbox.url}\`; Ctrl+C ends it`);
  const ends = [untilAborted(cli.signal), ...(options.untilStdinEnds === true ? [cli.io.untilStdinEnds()] : [])];
  await Promise.race(ends);
}
