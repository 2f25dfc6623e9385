import { WazapiError } from "#domain/errors.ts";

import type { Declare } from "../command-table.ts";
import { attribute, whole } from "../options.ts";
import { connectSandbox, defaultNumber } from "../sandbox.ts";

interface RefuseOptions {
  readonly number: string;
  readonly attr?: readonly string[];
  readonly for?: number;
  readonly lift?: true;
}

/** `wazapi sandbox refuse`: how an account stands with WhatsApp. */
export const declareSandboxStanding: Declare = (command, run) => {
  command
    .command("refuse")
    .description("Refuse every login of a simulated account: 402 restricted, 403 locked, 405 version, 406 banned.")
    .argument("[reason]", "WhatsApp's number for it", whole(400, 599))
    .option("--number <phone>", "number of the simulated phone", defaultNumber)
    .option("--attr <name=value...>", "further attributes of the answer, such as code=101")
    .option("--for <seconds>", "until then; the answer says how many seconds are left", whole(1, 315_360_000))
    .option("--lift", "let it in again")
    .action(
      run<RefuseOptions>(async (cli, { args: [reason], options }) => {
        const { number, attr = [], for: seconds, lift } = options;
        if ((reason === undefined) === (lift === undefined)) {
          throw new WazapiError("invalid_request", { message: "say either a reason or --lift" });
        }
        const sandbox = await connectSandbox(cli);
        if (lift === true) await sandbox.pardon({ number }, cli.signal);
        else {
          const until = seconds === undefined ? {} : { until: cli.io.clock.now() + seconds * 1000 };
          const attrs = Object.fromEntries(attr.map(attribute));
          await sandbox.refuse({ number, reason: Number(reason), attrs, ...until }, cli.signal);
        }
        cli.out.document({ number, refused: lift !== true }, () => {});
        cli.out.say(lift === true ? `${number} is let in again` : `${number} is refused from now on`);
      }),
    );
};
