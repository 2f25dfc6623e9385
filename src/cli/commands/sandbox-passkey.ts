import type { Command } from "commander";
import { Argument } from "commander";

import { WazapiError } from "#domain/errors.ts";
import type { RequestOptions } from "#sandbox/passkey/assertion.ts";

import type { Cli, Run } from "../cli.ts";
import type { Declare } from "../command-table.ts";
import { instanceOption } from "../options.ts";
import { connectSandbox, defaultNumber } from "../sandbox.ts";
import { connectServer } from "../server.ts";

/** `wazapi sandbox passkey …`: what the owner of a simulated phone does with the account's passkey. */
export const declareSandboxPasskey: Declare = (command, run) => {
  const passkey = command.command("passkey").description("Linking an account that asks for its passkey.");
  declareRequired(passkey, run);
  declareSign(passkey, run);
  declareCompared(passkey, run);
  declareShow(passkey, run);
};

const numberArgument = (): Argument => new Argument("[number]", "the phone").default(defaultNumber);

function declareRequired(passkey: Command, run: Run): void {
  for (const [name, required] of [
    ["require", true],
    ["waive", false],
  ] as const) {
    passkey
      .command(name)
      .description(required ? "From now on linking this account asks for its passkey." : "It asks for none any more.")
      .addArgument(numberArgument())
      .action(
        run(async (cli, { args: [number = defaultNumber] }) => {
          const info = await (await connectSandbox(cli)).passkey({ number, required }, cli.signal);
          cli.out.document(info, (page) => page.fields({ number, required, credential: info.credentialId }));
        }),
      );
  }
}

function declareSign(passkey: Command, run: Run): void {
  passkey
    .command("sign")
    .description(
      "Print what a browser gives after the passkey was used: for the options given, or those that wait at the server.",
    )
    .argument("[options]", "the options as JSON")
    .option("--number <phone>", "number of the simulated phone", defaultNumber)
    .addOption(instanceOption())
    .action(
      run<{ number: string; instance?: string }>(async (cli, { args: [given], options: { number, instance } }) => {
        const sandbox = await connectSandbox(cli);
        const options = given === undefined ? await waitingOptions(cli, instance) : parsed(given);
        const assertion = await sandbox.passkeySign({ number, options }, cli.signal);
        cli.out.document(assertion, (page) => page.text(JSON.stringify(assertion)));
      }),
    );
}

function declareCompared(passkey: Command, run: Run): void {
  for (const [name, match] of [
    ["confirm", true],
    ["deny", false],
  ] as const) {
    passkey
      .command(name)
      .description(match ? "Say on the phone that both screens show the same code." : "Say that they do not.")
      .addArgument(numberArgument())
      .action(
        run(async (cli, { args: [number = defaultNumber] }) => {
          const info = await (await connectSandbox(cli)).passkeyConfirm({ number, match }, cli.signal);
          cli.out.document(info, (page) => page.fields({ code: info.code, answer: match ? "same" : "different" }));
        }),
      );
  }
}

function declareShow(passkey: Command, run: Run): void {
  passkey
    .command("show")
    .description("Show the linkings that wait for a passkey, with the code on the phone's screen.")
    .action(
      run(async (cli) => {
        const { waiting } = await (await connectSandbox(cli)).state(cli.signal);
        const ceremonies = waiting.flatMap(({ passkey: one }) =>
          one === undefined || one.stage === "over" ? [] : [one],
        );
        cli.out.document(ceremonies, (page) =>
          page.table(
            ["NUMBER", "STAGE", "CODE", "PROOF"],
            ceremonies.map(({ number, stage, code, proof }) => [number, stage, code, proof]),
          ),
        );
        if (ceremonies.length === 0) cli.out.say("no linking waits for a passkey");
      }),
    );
}

function parsed(text: string): RequestOptions {
  try {
    // The sandbox checks the rest.
    return JSON.parse(text) as RequestOptions;
  } catch (cause) {
    throw new WazapiError("invalid_request", { message: "the options are not JSON", cause });
  }
}

async function waitingOptions(cli: Cli, named: string | undefined): Promise<RequestOptions> {
  await using server = await connectServer(cli);
  const instance = await server.instance(named);
  const { options } = await server.api.instance<{ readonly options?: RequestOptions }>(instance, { path: "/passkey" });
  if (options !== undefined) return options;
  throw new WazapiError("conflict", { message: "WhatsApp asks for no passkey now" });
}
