import type { Declare } from "../command-table.ts";
import { connectSandbox, defaultNumber } from "../sandbox.ts";

/** `wazapi sandbox migrate`: which name the chats of a simulated account have. */
export const declareSandboxMigrate: Declare = (command, run) => {
  command
    .command("migrate")
    .description(
      "Move the chats of an account from numbers to LIDs, as WhatsApp does once; all are moved from the start.",
    )
    .argument("[number]", "the phone", defaultNumber)
    .option("--back", "to numbers again: an account that was not migrated yet")
    .action(
      run<{ back?: true }>(async (cli, { args: [number = defaultNumber], options: { back } }) => {
        const sandbox = await connectSandbox(cli);
        const lidMigrated = back !== true;
        await sandbox.migrate({ number, lidMigrated }, cli.signal);
        cli.out.document({ number, lidMigrated }, (page) => page.text(lidMigrated ? "LIDs" : "numbers"));
      }),
    );
};
