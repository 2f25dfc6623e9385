import { Option } from "commander";

import type { ConfigFlags } from "#config/load.ts";
import { allOptions } from "#config/options.ts";
import { startSandbox } from "#config/groups/whatsapp.ts";
import type { Config, OptionPath } from "#config/schema.ts";
import { ensureSecrets } from "#config/secrets.ts";
import { scratchOf } from "#scratch.ts";

import type { Cli } from "../cli.ts";
import type { Declare } from "../command-table.ts";
import { exitCodes } from "../exit-code.ts";
import { whole } from "../options.ts";
import { withSandbox } from "../with-sandbox.ts";
import { loadSettings } from "../settings.ts";
import { untilAborted } from "../until-aborted.ts";
import { programVersion } from "../version.ts";

interface ServeOptions {
  readonly sandbox?: string | true;
  readonly host?: string;
  readonly port?: number;
}

/** `wazapi serve`. */
export const declareServe: Declare = (command, run) => {
  command
    .description("Run the server until it is told to stop. Ctrl+C stops it in order, a second one at once.")
    .addOption(settingOption("--sandbox [url]", "sandbox.url", "; without a URL it runs one"))
    .addOption(new Option("--host <host>", `address it listens on; half of ${settingOf("http.addr").env}`))
    .addOption(new Option("--port <port>", "port it listens on; 0 takes a free one").argParser(whole(0, 65_535)))
    .addHelpText("after", "\n`wazapi config print --docs` lists every setting.")
    .action(run<ServeOptions>(serve));
};

function settingOf(path: OptionPath): { readonly doc: string; readonly env: string } {
  const option = allOptions().find((one) => one.path === path);
  if (option === undefined) throw new Error(`there is no setting ${path}`);
  return option.meta;
}

/** An option of the command line that sets a setting; its words are those of the setting. */
function settingOption(flags: string, path: OptionPath, more: string): Option {
  const { doc, env } = settingOf(path);
  return new Option(flags, `${doc.charAt(0).toLowerCase()}${doc.slice(1).replace(/[.;].*$/, "")}${more} (${env})`);
}

async function serve(cli: Cli, { options }: { readonly options: ServeOptions }): Promise<number> {
  const { sandbox, host, port } = options;
  const flags: ConfigFlags = {
    ...(host !== undefined && { host }),
    ...(port !== undefined && { port }),
    ...(sandbox !== undefined && { "sandbox.url": sandbox === true ? startSandbox : sandbox }),
  };
  const settings = await loadSettings(cli, flags);
  // A sandbox of our own starts while the big packages load.
  const [opened, { openApp }, { createLog }, { reportingLog, startSentry }] = await Promise.all([
    withSandbox(cli, settings.config),
    import("#app.ts"),
    import("#observe/log.ts"),
    import("#observe/sentry.ts"),
  ]);
  await using sandboxed = opened;
  const { config } = sandboxed;
  const version = programVersion();
  await using reports = await startSentry({ ...config.sentry, release: version }, cli.io.clock);
  const log = reportingLog(createLog(config.log), reports);
  for (const variable of settings.withoutEffect) log.warn({ variable }, "this variable has no effect yet");
  // One number's slip must not cost all the others their connection.
  using _stray = cli.io.onStrayFailure((error) => log.error({ error }, "a promise failed that nobody waited for"));
  cli.io.useTemporaryDirectory(scratchOf(config.dataDir));
  // A stop during the opening ends it; later it must not cut the listener off before everything else is put down.
  const whileOpening = new AbortController();
  const stopOpening = (): void => whileOpening.abort();
  cli.signal.addEventListener("abort", stopOpening, { once: true });
  const app = await openApp(config, { log, clock: cli.io.clock, version }, whileOpening.signal);
  cli.signal.removeEventListener("abort", stopOpening);
  const { file: tokensFile } = await ensureSecrets(config);
  announce(cli, { app, config, ...(tokensFile !== undefined && { tokensFile }) });
  const reason = await Promise.race([
    untilAborted(cli.signal),
    app.mustStop,
    ...(sandboxed.process === undefined ? [] : [sandboxed.process.ended.then(() => "the sandbox has ended")]),
  ]);
  if (reason === undefined) cli.out.say("stopping in order; Ctrl+C again stops at once");
  else cli.out.say(`stopping: ${reason}`);
  const { hung, failed } = await app.close();
  return reason === undefined && hung.length === 0 && failed.length === 0 ? exitCodes.ok : exitCodes.failure;
}

interface Announced {
  readonly app: {
    readonly url: () => string;
    readonly role: () => "leader" | "standby";
    readonly leading: Promise<void>;
  };
  readonly config: Config;
  /** Holds what the settings do not give. */
  readonly tokensFile?: string;
}

/** Says where it listens and what to do next; a standby says so again when it leads. */
function announce(cli: Cli, announced: Announced): void {
  const { app, config } = announced;
  const { out, io } = cli;
  const tell = (): void => {
    const [url, role] = [app.url(), app.role()];
    out.entry(
      { url, role, dataDir: config.dataDir },
      role === "leader" ? `wazapi listens on ${out.paint("bold", url)}` : "wazapi is a standby: another process leads",
    );
    if (role === "leader" && io.stderr.isTTY) out.say(nextSteps(cli, announced));
  };
  tell();
  if (app.role() === "leader") return;
  // A takeover that fails is told by `mustStop`.
  void app.leading.then(tell, () => {});
}

function nextSteps({ globals, out }: Cli, { config, tokensFile }: Announced): string {
  const data = globals.data === undefined ? "" : ` --data ${globals.data}`;
  const sandboxed = config.sandbox.url !== undefined;
  const strong = (text: string): string => out.paintTalk("cyan", text);
  return [
    `  tokens   ${tokensFile ?? "out of the settings"}`,
    `  WhatsApp ${sandboxed ? `simulated, at ${config.sandbox.url}` : "the real one"}`,
    "  next     in another terminal:",
    `             ${strong(`wazapi pair${data}`)}`,
    ...(sandboxed ? [`             ${strong(`wazapi sandbox scan${data}`)}   (plays the phone)`] : []),
    `             ${strong(`wazapi send PHONE "Hello from wazapi"${data}`)}`,
  ].join("\n");
}
