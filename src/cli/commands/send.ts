import { Option } from "commander";

import { WazapiError } from "#domain/errors.ts";

import { connectionOf } from "../connection.ts";
import type { Cli } from "../cli.ts";
import type { Declare } from "../command-table.ts";
import { awaitStatus, awaitedStatuses } from "../await-status.ts";
import type { AwaitedStatus } from "../await-status.ts";
import { instanceOption, seconds } from "../options.ts";
import { connectOrOpenServer } from "../server.ts";

interface SendOptions {
  readonly instance?: string;
  readonly delay?: number;
  readonly replyTo?: string;
  readonly wait?: AwaitedStatus;
  readonly timeout: number;
  readonly idempotencyKey?: string;
}

/** `wazapi send`. */
export const declareSend: Declare = (command, run) => {
  command
    .description("Send a text. Prints the message id; the text waits in the queue while the phone is offline.")
    .argument("<phone>", "number with country code, group, channel or LID")
    .argument("[text]", "the text; `-` reads it from standard input")
    .addOption(instanceOption())
    .addOption(new Option("--delay <seconds>", "wait that long before it leaves").argParser(seconds(3600)))
    .option("--reply-to <messageId>", "quote this message")
    .addOption(new Option("--wait <status>", "wait until it came that far").choices(awaitedStatuses))
    .addOption(new Option("--timeout <seconds>", "wait at most that long").argParser(seconds(86_400)).default(120))
    .option("--idempotency-key <key>", "the same key again sends nothing and answers the same ids")
    .addHelpText("after", "\nWithout a running server it sends by itself and then waits until the message is sent.")
    .action(run<SendOptions>(send));
};

async function send(
  cli: Cli,
  { args: [phone = "", given], options }: { readonly args: readonly string[]; readonly options: SendOptions },
): Promise<void> {
  const message = given === "-" ? (await cli.io.readStdin()).replace(/\r?\n$/, "") : given;
  if (message === undefined || message === "") {
    throw new WazapiError("invalid_request", {
      message: "there is no text to send",
      details: { hint: "give it as the second argument, or `-` for standard input" },
    });
  }
  await using server = await connectOrOpenServer(cli);
  const instance = await server.instance(options.instance);
  if (server.here && (await connectionOf(server.api, instance)).phone === undefined) {
    throw new WazapiError("not_connected", {
      message: `${instance.name} has no phone`,
      details: { hint: "link one with `wazapi pair`" },
    });
  }
  const ids = await server.api.instance<{ readonly zaapId: string; readonly messageId: string }>(instance, {
    method: "POST",
    path: "/send-text",
    body: {
      phone,
      message,
      ...(options.delay !== undefined && { delayMessage: options.delay }),
      ...(options.replyTo !== undefined && { messageId: options.replyTo }),
    },
    ...(options.idempotencyKey !== undefined && { headers: { "idempotency-key": options.idempotencyKey } }),
  });
  const { zaapId, messageId } = ids;
  const wanted = options.wait ?? (server.here ? "sent" : undefined);
  const status =
    wanted === undefined
      ? "queued"
      : await awaitStatus(cli, { api: server.api, instance, messageId, wanted, timeoutMs: options.timeout * 1000 });
  cli.out.document({ zaapId, messageId, status }, (page) => page.text(messageId));
  cli.out.say(status === "queued" ? "queued; `wazapi message trace` tells how far it came" : status);
}
