import { Option } from "commander";

import { rotateForms, type RotateForm } from "#sandbox/linking-control.ts";

import type { Declare } from "../command-table.ts";
import { whole } from "../options.ts";
import { connectSandbox, defaultNumber } from "../sandbox.ts";

/** `wazapi sandbox rotate-qr|refresh-code|expire-version`: what WhatsApp does to clients that wait to be linked. */
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
  command
    .command("refresh-code")
    .description("Let WhatsApp take the pairing code of a phone no more; the client is told.")
    .argument("[number]", "the phone", defaultNumber)
    .option("--manual", "a person has to ask for the next one")
    .action(
      run<{ manual?: true }>(async (cli, { args: [number = defaultNumber], options: { manual } }) => {
        const sandbox = await connectSandbox(cli);
        await sandbox.refreshCode({ number, ...(manual === true && { manual }) }, cli.signal);
        cli.out.document({ number }, (page) => page.text(number));
      }),
    );
  command
    .command("expire-version")
    .description("Let WhatsApp announce that it will take the version of its clients no more.")
    .option("--in <days>", "so many days from now", whole(0, 3650), 14)
    .action(
      run<{ in: number }>(async (cli, { options }) => {
        const sandbox = await connectSandbox(cli);
        const at = Math.floor(cli.io.clock.now() / 1000) + options.in * 86_400;
        const result = await sandbox.clientExpiration({ at }, cli.signal);
        cli.out.document(result, (page) => page.text(String(result.told)));
        if (result.told === 0) cli.out.say("no linked device is online");
      }),
    );
};
