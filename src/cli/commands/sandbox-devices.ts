import type { Command } from "commander";
import { Option } from "commander";

import type { Run } from "../cli.ts";
import type { Declare } from "../command-table.ts";
import { whole } from "../options.ts";
import { connectSandbox } from "../sandbox.ts";

/** `wazapi sandbox retry|reinstall|stale`: what phones ask for again, and what becomes of devices. */
export const declareSandboxDevices: Declare = (command, run) => {
  declareRetry(command, run);
  declareReinstall(command, run);
  declareStale(command, run);
};

function declareRetry(command: Command, run: Run): void {
  command
    .command("retry")
    .description("A contact's phone asks for a message again, as if it could not read it.")
    .argument("<number>", "number of the contact")
    .argument("<messageId>", "any message, however old")
    .option("--chat <chat>", "number or group it is in; needed when the contact never got it")
    .option("--count <n>", "which time it asks; from the second on with keys", whole(1, 100))
    .action(
      run<{ chat?: string; count?: number }>(async (cli, { args: [number = "", messageId = ""], options }) => {
        const sandbox = await connectSandbox(cli);
        const asked = await sandbox.retry({ number, messageId, ...options }, cli.signal);
        cli.out.document(asked, (page) => page.fields({ ...asked }));
      }),
    );
}

function declareReinstall(command: Command, run: Run): void {
  command
    .command("reinstall")
    .description("A contact installs WhatsApp anew: other keys, no sessions, no further devices.")
    .argument("<number>", "number of the contact")
    .action(
      run(async (cli, { args: [number = ""] }) => {
        const sandbox = await connectSandbox(cli);
        const told = await sandbox.reinstall({ number }, cli.signal);
        cli.out.document(told, (page) => page.fields({ ...told }));
      }),
    );
}

function declareStale(command: Command, run: Run): void {
  command
    .command("stale")
    .description("A further device of a contact is gone, and nobody is told.")
    .argument("<number>", "number of the contact")
    .argument("<device>", "which device, 1 or above", whole(1, 99))
    .addOption(
      new Option("--shown <how>", "what the list of devices shows of it")
        .choices(["gone", "signed", "unsigned"])
        .default("gone"),
    )
    .action(
      run<{ shown: "gone" | "signed" | "unsigned" }>(async (cli, { args: [number = "", device = ""], options }) => {
        const sandbox = await connectSandbox(cli);
        await sandbox.staleDevice({ number, device: Number(device), shown: options.shown }, cli.signal);
        cli.out.document({ number, device: Number(device), shown: options.shown }, (page) => page.text("gone"));
      }),
    );
}
