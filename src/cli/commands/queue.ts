import { type Command, Option } from "commander";

import type { InstanceRef } from "../api.ts";
import type { Cli, Run } from "../cli.ts";
import type { Declare } from "../command-table.ts";
import { connectionOf, reasonOf } from "../connection.ts";
import { instanceOption, whole } from "../options.ts";
import { connectServer } from "../server.ts";
import type { Server } from "../server.ts";

interface QueuedMessage {
  readonly ZaapId: string;
  readonly MessageId: string;
  readonly Phone: string;
  readonly Type: string;
  readonly State: string;
  readonly Attempts: number;
  readonly LastError?: string;
  readonly NotBefore?: string;
  readonly WaitsFor?: string;
  readonly CreatedAt: string;
  readonly ScheduledFor?: string;
}

/** `wazapi queue`. */
export const declareQueue: Declare = (command, run) => {
  declareList(command, run);
  declareCancel(command, run);
  declarePurge(command, run);
  declareRetry(command, run);
};

/** The route's page. */
const pageSize = 30;

function declareList(command: Command, run: Run): void {
  command
    .command("list")
    .description("List the messages that wait to be sent, in the order they leave, or those that ended.")
    .addOption(instanceOption())
    .addOption(
      new Option("--state <state>", "which ones").choices(["waiting", "failed", "sent", "canceled"]).default("waiting"),
    )
    .option("-n, --limit <count>", "at most so many", whole(1, 10_000), 100)
    .action(
      run<{ instance?: string; limit: number; state: string }>(async (cli, { options }) => {
        await using server = await connectServer(cli);
        const instance = await server.instance(options.instance);
        const messages: QueuedMessage[] = [];
        let pagingState: string | null = "";
        while (pagingState !== null && messages.length < options.limit) {
          const page: {
            readonly messages: readonly QueuedMessage[];
            readonly pagingState: string | null;
            readonly hasMore: boolean;
          } = await server.api.instance(instance, {
            method: "POST",
            path: "/queue",
            body: { pageSize, pagingState, state: options.state },
          });
          messages.push(...page.messages);
          pagingState = page.hasMore ? page.pagingState : null;
        }
        const shown = messages.slice(0, options.limit);
        cli.out.document(shown, (page) =>
          page.table(
            ["ZAAP ID", "MESSAGE ID", "PHONE", "TYPE", "STATE", "TRIES", "SINCE", "NOT BEFORE", "LAST ERROR"],
            shown.map((one) => [
              one.ZaapId,
              one.MessageId,
              one.Phone,
              one.Type,
              one.State,
              one.Attempts,
              one.CreatedAt,
              one.NotBefore,
              one.LastError,
            ]),
          ),
        );
        if (shown.length > 0 && options.state === "waiting") await sayWhyAllWait(cli, server, instance);
        if (shown.length === 0)
          cli.out.say(options.state === "waiting" ? "nothing waits" : `nothing is ${options.state}`);
      }),
    );
}

/** Nothing in a message says that its number is not connected. */
async function sayWhyAllWait(cli: Cli, server: Server, instance: InstanceRef): Promise<void> {
  const connection = await connectionOf(server.api, instance);
  if (connection.state === "connected") return;
  cli.out.say(`all wait until ${instance.name} is connected: ${reasonOf(connection) ?? connection.state}`);
}

function declareCancel(command: Command, run: Run): void {
  command
    .command("cancel")
    .description("Cancel one waiting message.")
    .argument("<zaapId>", "its id in the queue")
    .addOption(instanceOption())
    .action(
      run<{ instance?: string }>(async (cli, { args: [zaapId = ""], options }) => {
        await using server = await connectServer(cli);
        const instance = await server.instance(options.instance);
        await server.api.instance(instance, { method: "DELETE", path: `/queue/${encodeURIComponent(zaapId)}` });
        cli.out.document({ zaapId, canceled: true }, (page) => page.text(zaapId));
      }),
    );
}

function declarePurge(command: Command, run: Run): void {
  command
    .command("purge")
    .description("Cancel every waiting message; one that is being sent is not stopped.")
    .addOption(instanceOption())
    .action(
      run<{ instance?: string }>(async (cli, { options }) => {
        await using server = await connectServer(cli);
        const instance = await server.instance(options.instance);
        const { canceled } = await server.api.instance<{ readonly canceled: number }>(instance, {
          method: "DELETE",
          path: "/queue",
        });
        cli.out.document({ canceled }, (page) => page.text(String(canceled)));
        cli.out.say(`${canceled} canceled`);
      }),
    );
}

function declareRetry(command: Command, run: Run): void {
  command
    .command("retry")
    .description("Put a failed message back into the line, under its old message id.")
    .argument("<zaapId>", "its id in the queue")
    .addOption(instanceOption())
    .action(
      run<{ instance?: string }>(async (cli, { args: [zaapId = ""], options }) => {
        await using server = await connectServer(cli);
        const instance = await server.instance(options.instance);
        await server.api.instance(instance, { method: "POST", path: `/queue/${encodeURIComponent(zaapId)}/retry` });
        cli.out.document({ zaapId, queued: true }, (page) => page.text(zaapId));
      }),
    );
}
