import { WazapiError } from "#domain/errors.ts";

import type { Cli } from "../cli.ts";
import type { Declare } from "../command-table.ts";
import { connectionOf } from "../connection.ts";
import { instanceOption } from "../options.ts";
import { connectSandbox, linkedNumber } from "../sandbox.ts";
import { connectServer } from "../server.ts";
import { groupOf } from "../trigger/stage.ts";
import type { Stage } from "../trigger/stage.ts";
import { isTyped, triggers } from "../trigger/table.ts";

interface TriggerOptions {
  readonly from: string;
  readonly instance?: string;
  readonly text?: string;
  readonly ownPhone?: true;
  readonly inGroup?: true;
}

const defaultContact = "5511988887777";

/** `wazapi trigger`. */
export const declareTrigger: Declare = (command, run) => {
  command
    .description(
      "Make the simulated WhatsApp do something that leads to a webhook, or to none. Without a name: list what there is.",
    )
    .argument("[event]", "what, e.g. image, poll-vote, call-missed, group-add")
    .option("--from <number>", "the contact that does it", defaultContact)
    .option("--text <text>", "words in place of the usual ones, where there are any")
    .option("--own-phone", "type the message on the account's own phone, to the contact")
    .option("--in-group", "post the message in a group of the two, which is made when there is none")
    .addOption(instanceOption())
    .addHelpText("after", "\n`wazapi listen` shows what comes of it. It never works on the real WhatsApp.")
    .action(
      run<TriggerOptions>(async (cli, { args: [name], options }) => {
        if (name === undefined) list(cli);
        else await fire(cli, { name, options });
      }),
    );
};

function list({ out }: Cli): void {
  const all = Object.entries(triggers).map(([event, { webhook = null, summary }]) => ({ event, webhook, summary }));
  out.document(all, (page) =>
    page.table(
      ["EVENT", "WEBHOOK", "WHAT HAPPENS"],
      all.map(({ event, webhook, summary }) => [event, webhook ?? "-", summary]),
    ),
  );
}

async function fire(
  cli: Cli,
  { name, options }: { readonly name: string; readonly options: TriggerOptions },
): Promise<void> {
  const trigger = Object.hasOwn(triggers, name) ? triggers[name] : undefined;
  if (trigger === undefined) {
    throw new WazapiError("not_found", {
      message: `there is no event ${name}`,
      details: { hint: "`wazapi trigger` lists them" },
    });
  }
  const onOwnPhone = options.ownPhone === true;
  const inGroup = options.inGroup === true;
  if ((onOwnPhone || inGroup) && !isTyped(name)) {
    throw new WazapiError("invalid_request", { message: `${name} is nothing that is typed on a phone` });
  }
  const stage: Stage = {
    sandbox: await connectSandbox(cli),
    own: "",
    contact: options.from.replaceAll(/\D/g, ""),
    onOwnPhone,
    text: options.text,
    now: cli.io.clock.now,
    signal: cli.signal,
  };
  const own = await accountNumber(cli, stage, options.instance);
  const group = inGroup ? { group: (await groupOf({ ...stage, own })).id } : {};
  const ids = await trigger.fire({ ...stage, own, ...group });
  cli.out.document({ event: name, webhook: trigger.webhook ?? null, ids }, (page) => {
    for (const id of ids) page.text(id);
  });
  cli.out.say(`${name}: ${trigger.summary}`);
}

/** The number of the instance; without a name that of the one account that is linked. */
async function accountNumber(cli: Cli, { sandbox }: Stage, named: string | undefined): Promise<string> {
  if (named === undefined) {
    return linkedNumber(sandbox, cli.signal).catch((error: unknown) => {
      throw severalLinked(error);
    });
  }
  await using server = await connectServer(cli);
  const instance = await server.instance(named);
  const { phone } = await connectionOf(server.api, instance);
  if (phone !== undefined) return phone;
  throw new WazapiError("not_connected", {
    message: `no phone is linked to ${instance.name}`,
    details: { hint: "link one with `wazapi pair` and `wazapi sandbox scan`" },
  });
}

/** Here the account is named by its instance. */
function severalLinked(error: unknown): unknown {
  if (!(error instanceof WazapiError) || error.code !== "invalid_request") return error;
  return new WazapiError("invalid_request", {
    message: error.message,
    details: { hint: "say which with --instance" },
    cause: error,
  });
}
