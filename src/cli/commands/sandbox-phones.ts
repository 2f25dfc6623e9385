import { Option } from "commander";

import { WazapiError } from "#domain/errors.ts";
import type { StanzaJson } from "#sandbox/tell.ts";

import type { Cli } from "../cli.ts";
import type { Declare } from "../command-table.ts";
import { instanceOption, whole } from "../options.ts";
import { connectSandbox, defaultNumber, linkedDevice } from "../sandbox.ts";
import { connectServer } from "../server.ts";

interface ScanOptions {
  readonly instance?: string;
  readonly number: string;
  readonly name?: string;
  readonly business?: string;
}

/** `wazapi sandbox scan|code|unlink|stanza`: what the owner of the simulated phone does. */
export const declareSandboxPhones: Declare = (command, run) => {
  command
    .command("scan")
    .description("Scan a QR code with a simulated phone: the one given, or the one that waits at the server.")
    .argument("[qr]", "text of the QR code")
    .addOption(numberOption())
    .option("--name <name>", "name of the account")
    .option("--business <name>", "make it a business account with this name")
    .addOption(instanceOption())
    .action(run<ScanOptions>(scan));
  command
    .command("code")
    .description("Type a pairing code on a simulated phone.")
    .argument("<code>", "what `wazapi pair --code PHONE` shows")
    .addOption(numberOption())
    .option("--name <name>", "name of the account")
    .action(
      run<{ number: string; name?: string }>(async (cli, { args: [code = ""], options: { number, name } }) => {
        const sandbox = await connectSandbox(cli);
        const input = { number, code: code.replaceAll("-", ""), ...(name !== undefined && { name }) };
        const device = await linkedDevice(cli, sandbox.code(input, cli.signal));
        cli.out.document(device, (page) => page.text(device.jid));
        cli.out.say(`${number} is linked`);
      }),
    );
  command
    .command("unlink")
    .description("Unlink the devices of a simulated phone, as its owner can.")
    .argument("[number]", "the phone", defaultNumber)
    .option("--device <id>", "only this device", whole(1, 1000))
    .action(
      run<{ device?: number }>(async (cli, { args: [number = defaultNumber], options: { device } }) => {
        const sandbox = await connectSandbox(cli);
        const result = await sandbox.unlink({ number, ...(device !== undefined && { device }) }, cli.signal);
        cli.out.document(result, (page) => page.text(String(result.unlinked)));
      }),
    );
  command
    .command("stanza")
    .description("Let WhatsApp send the linked devices any stanza, word for word; with an id it waits until confirmed.")
    .argument("<json>", '{"tag", "attrs", "content"}: text, {"base64"}, or a list of the same')
    .addOption(numberOption())
    .action(
      run<{ number: string }>(async (cli, { args: [json = ""], options: { number } }) => {
        const sandbox = await connectSandbox(cli);
        await sandbox.stanza({ number, stanza: stanzaOf(json) }, cli.signal);
        cli.out.document({ number }, (page) => page.text(number));
        cli.out.say("it is on its way");
      }),
    );
};

/** The sandbox looks at what is in it. */
function stanzaOf(json: string): StanzaJson {
  try {
    // Whatever else it may be is refused there.
    return JSON.parse(json) as StanzaJson;
  } catch (cause) {
    throw new WazapiError("invalid_request", { message: "a stanza is written as JSON", cause });
  }
}

function numberOption(): Option {
  return new Option("--number <phone>", "number of the simulated phone").default(defaultNumber);
}

async function scan(
  cli: Cli,
  { args: [given], options }: { readonly args: readonly string[]; readonly options: ScanOptions },
): Promise<void> {
  const { number, name, business } = options;
  const sandbox = await connectSandbox(cli);
  const qr = given ?? (await waitingQr(cli, options.instance));
  const input = { number, qr, ...(name !== undefined && { name }), ...(business !== undefined && { business }) };
  const device = await linkedDevice(cli, sandbox.scan(input, cli.signal));
  cli.out.document(device, (page) => page.text(device.jid));
  cli.out.say(`${number} is linked`);
}

/** The QR that the server offers; asking for it starts the pairing of an instance that nobody pairs yet. */
async function waitingQr(cli: Cli, named: string | undefined): Promise<string> {
  await using server = await connectServer(cli);
  const instance = await server.instance(named);
  const { value } = await server.api.instance<{ readonly value: string }>(instance, { path: "/qr-code" });
  return value;
}
