import { Argument, type Command, Option } from "commander";

import { WazapiError } from "#domain/errors.ts";
import { lockKinds } from "#sandbox/reach/reach-control.ts";
import type { ReachInfo } from "#sandbox/reach/reach-control.ts";

import type { Cli, Run } from "../cli.ts";
import type { Declare } from "../command-table.ts";
import { whole } from "../options.ts";
import { connectSandbox, defaultNumber, linkedNumber } from "../sandbox.ts";
import { clockTime } from "../times.ts";

const yearSeconds = 366 * 24 * 60 * 60;
const numberArgument = (): Argument => new Argument("[number]", "the phone").default(defaultNumber);

/** `wazapi sandbox restrict|new-chats|token`: whom a simulated account may write to first. */
export const declareSandboxReach: Declare = (command, run) => {
  declareRestrict(command, run);
  declareNewChats(command, run);
  declareToken(command, run);
};

interface RestrictOptions {
  readonly seconds?: number;
  readonly until?: string;
  readonly kind?: (typeof lockKinds)[number];
  readonly release?: true;
}

function declareRestrict(command: Command, run: Run): void {
  command
    .command("restrict")
    .description("Lock new chats of an account: messages to people who never wrote to it are refused.")
    .addArgument(numberArgument())
    .option("--seconds <count>", "for so long; without an end it lasts until --release", whole(1, yearSeconds))
    .option("--until <time>", "until this time, e.g. 2026-12-24T18:00:00Z")
    .addOption(new Option("--kind <kind>", "WhatsApp's word for why").choices(lockKinds))
    .option("--release", "lift the lock")
    .action(
      run<RestrictOptions>(async (cli, { args: [number = defaultNumber], options }) => {
        const sandbox = await connectSandbox(cli);
        const { seconds, until, kind, release } = options;
        if (release === true) return show(cli, await sandbox.release({ number }, cli.signal));
        const input = {
          number,
          ...(seconds !== undefined && { seconds }),
          ...(until !== undefined && { until: timeOf(until) }),
          ...(kind !== undefined && { kind }),
        };
        show(cli, await sandbox.restrict(input, cli.signal));
      }),
    );
}

function declareNewChats(command: Command, run: Run): void {
  command
    .command("new-chats")
    .description("Let an account begin only so many chats in a cycle.")
    .argument("<total>", "how many", whole(0, 100_000))
    .option("--number <phone>", "number of the simulated phone", defaultNumber)
    .option("--used <count>", "so many are begun already", whole(0, 100_000))
    .option("--seconds <count>", "length of the cycle; 30 days unless given", whole(1, yearSeconds))
    .action(
      run<{ number: string; used?: number; seconds?: number }>(async (cli, { args: [total], options }) => {
        const { number, used, seconds } = options;
        const input = {
          number,
          total: Number(total),
          ...(used !== undefined && { used }),
          ...(seconds !== undefined && { cycleSeconds: seconds }),
        };
        show(cli, await (await connectSandbox(cli)).newChats(input, cli.signal));
      }),
    );
}

function declareToken(command: Command, run: Run): void {
  command
    .command("token")
    .description("A contact gives an account a new privacy token, which messages to it have to carry.")
    .argument("<from>", "number of the contact")
    .option("--to <phone>", "the account; not needed when one phone is linked")
    .action(
      run<{ to?: string }>(async (cli, { args: [number = ""], options }) => {
        const sandbox = await connectSandbox(cli);
        const to = options.to ?? (await linkedNumber(sandbox, cli.signal));
        await sandbox.giveToken({ number, to }, cli.signal);
        cli.out.document({ number, to }, (page) => page.text(number));
      }),
    );
}

function show(cli: Cli, info: ReachInfo): void {
  const { number, lock, quota } = info;
  cli.out.document(info, (page) =>
    page.fields({
      number,
      "new chats":
        lock === undefined
          ? "allowed"
          : `locked ${lock.until === undefined ? "until released" : `until ${clockTime(lock.until)}`} (${lock.kind})`,
      ...(quota !== undefined && { quota: `${quota.used} of ${quota.total} until ${clockTime(quota.endsAt)}` }),
    }),
  );
}

function timeOf(text: string): number {
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new WazapiError("invalid_request", { message: `--until: ${text} is no time` });
  return at;
}
