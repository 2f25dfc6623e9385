import { InvalidArgumentError } from "commander";

import { callbackTypes } from "#callbacks/definition.ts";

import { aboutOf } from "../about-body.ts";
import type { InstanceRef } from "../api.ts";
import type { Cli } from "../cli.ts";
import type { Declare } from "../command-table.ts";
import { isPassing, tailEvents } from "../event-tail.ts";
import type { TailedEvent } from "../event-tail.ts";
import { createForward, webhookSecrets } from "../forward.ts";
import type { Forwarded } from "../forward.ts";
import { instanceOption, whole } from "../options.ts";
import { harmless } from "../output.ts";
import { connectServer } from "../server.ts";
import type { Server } from "../server.ts";
import { clockTime } from "../times.ts";

interface ListenOptions {
  readonly forwardTo?: string;
  readonly events?: string;
  readonly instance?: string;
  readonly printSecret?: true;
  readonly after?: number;
  readonly limit?: number;
}

/** `wazapi listen`. */
export const declareListen: Declare = (command, run) => {
  command
    .description("Show events as they happen, and forward them to a URL of this machine as webhooks; Ctrl+C ends it.")
    .option("--forward-to <url>", "POST each there, signed like the webhook it is; its answer is shown", localUrl)
    .option(
      "--events <types>",
      "only these, separated by commas, e.g. ReceivedCallback,MessageStatusCallback",
      typeList,
    )
    .addOption(instanceOption())
    .option("--after <position>", "start behind this position; 0 is the oldest kept", whole(0, Number.MAX_SAFE_INTEGER))
    .option("-n, --limit <count>", "end after so many", whole(1, Number.MAX_SAFE_INTEGER))
    .option("--print-secret", "print the secret that signatures are made with, and end")
    .addHelpText(
      "after",
      "\nWithout --instance it listens to all of them. A restart of the server loses nothing and repeats nothing.",
    )
    .action(run<ListenOptions>(listen));
};

async function listen(cli: Cli, { options }: { readonly options: ListenOptions }): Promise<void> {
  await using server = await connectServer(cli);
  if (options.printSecret === true) return printSecret(cli, server, options.instance);
  const instance = options.instance === undefined ? undefined : await server.instance(options.instance);
  const instanceOf = lookUp(server);
  const { forwardTo, events: types, after, limit = Number.POSITIVE_INFINITY } = options;
  const { api } = server;
  const forward =
    forwardTo === undefined
      ? undefined
      : createForward({ api, instanceOf, clock: cli.io.clock }, forwardTo, cli.signal);
  const opened = (): void =>
    cli.out.say(
      `listening at ${api.url}${forwardTo === undefined ? "" : `, forwarding to ${forwardTo}`}; Ctrl+C ends it`,
    );
  const events = tailEvents({ ...cli, opened }, api, {
    ...(instance !== undefined && { instanceId: instance.id }),
    ...(types !== undefined && { types }),
    ...(after !== undefined && { after }),
  });
  let seen = 0;
  for await (const event of events) {
    cli.out.entry(event, eventLine(event, await nameOf(instanceOf, event.instanceId)));
    // The next event waits: the URL gets them one by one, in order.
    if (forward !== undefined) showAnswer(cli, await forward(event));
    seen += 1;
    if (seen >= limit) break;
  }
}

async function printSecret({ out }: Cli, server: Server, named: string | undefined): Promise<void> {
  const secrets = await webhookSecrets(server.api, await server.instance(named));
  out.document({ secrets }, (page) => page.text(secrets[0] ?? ""));
}

/** Instances by id; asked for again when one is not known yet. */
function lookUp(server: Server): (instanceId: string) => Promise<InstanceRef | undefined> {
  let known = new Map<string, InstanceRef>();
  return async (instanceId) => {
    if (!known.has(instanceId)) {
      known = new Map((await server.instances()).map((instance) => [instance.id, instance]));
    }
    return known.get(instanceId);
  };
}

/** The id has to do while the server cannot be asked. */
async function nameOf(instanceOf: ReturnType<typeof lookUp>, instanceId: string): Promise<string> {
  try {
    return (await instanceOf(instanceId))?.name ?? instanceId;
  } catch (error) {
    if (!isPassing(error)) throw error;
    return instanceId;
  }
}

function eventLine(event: TailedEvent, instanceName: string): string {
  const { occurredAt, type, chatId = "-", eventId, payload } = event;
  return [clockTime(occurredAt), type, instanceName, chatId, eventId, aboutOf(payload)].map(harmless).join("\t");
}

function showAnswer({ out, signal }: Cli, answer: Forwarded): void {
  if (signal.aborted) return;
  const { eventId, status, error, durationMs } = answer;
  const isTaken = status !== undefined && status >= 200 && status < 300;
  const word = out.paint(isTaken ? "green" : "red", String(status ?? error));
  out.entry({ forwarded: answer }, `->\t${word}\t${durationMs} ms\t${eventId}`);
}

function localUrl(text: string): string {
  // `localhost:3000/hook` is what one types.
  const url = /^https?:\/\//i.test(text) ? text : `http://${text}`;
  if (URL.canParse(url)) return url;
  throw new InvalidArgumentError("It has to be an http or https URL.");
}

function typeList(text: string): string {
  const names = text.split(",").map((name) => name.trim());
  const unknown = names.filter((name) => !callbackTypes.some((type) => type === name));
  if (unknown.length === 0) return names.join(",");
  throw new InvalidArgumentError(`There is no ${unknown.join(", ")}; there are ${callbackTypes.join(", ")}.`);
}
