import { Option } from "commander";

import { rotateForms, type RotateForm } from "#sandbox/linking-control.ts";

import type { Declare } from "../command-table.ts";
import { connectSandbox } from "../sandbox.ts";

/** `wazapi sandbox rotate-qr`: what WhatsApp does to clients that wait to be linked. */
export const declareSandboxLinking: Declare = (command, run) => {
  command
    .command("rotate-qr")
    .description("Make every QR code that is shown now a dead one, as WhatsApp does; the next one can be scanned.")
    .addOption(new Option("--form <form>", "how WhatsApp says it").choices(rotateForms).default(rotateForms[0]))
    .action(
      run<{ form: RotateForm }>(async (cli, { options: { form } }) => {
        const sandbox = await connectSandbox(cli);
        const result = await sandbox.rotateQr({ form }, cli.signal);
        cli.out.document(result, (page) => page.text(String(result.told)));
        if (result.told === 0) cli.out.say("no client shows a QR code");
      }),
    );
};
