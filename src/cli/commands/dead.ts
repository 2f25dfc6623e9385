import type { Command } from "commander";

import { WazapiError } from "#domain/errors.ts";

import { query } from "../api.ts";
import type { ApiCall } from "../api.ts";
import type { Run } from "../cli.ts";
import type { Declare } from "../command-table.ts";
import { instanceOption, whole } from "../options.ts";
import { connectServer } from "../server.ts";
import { clockTime } from "../times.ts";

interface DeadLetter {
  readonly event_id: string;
  readonly event_type: string;
  readonly url: string;
  readonly total_attempts: number;
  readonly last_error: string;
  readonly moved_to_dlq_at: string;
}

/** What the routes take at once. */
const pageSize = 100;
const retriedAtOnce = 500;

/** `wazapi dead`. */
export const declareDead: Declare = (command, run) => {
  declareList(command, run);
  declareRetry(command, run);
  declareDiscard(command, run);
};

function declareList(command: Command, run: Run): void {
  command
    .command("list")
    .description("List events that their endpoint refused until the tries were used up, newest first.")
    .addOption(instanceOption())
    .option("-n, --limit <count>", "at most so many", whole(1, 10_000), 50)
    .option("--type <type>", "only events of this type")
    .option("--discarded", "those that were given up instead of those that wait for a decision")
    .action(
      run<{ instance?: string; limit: number; type?: string; discarded?: true }>(async (cli, { options }) => {
        await using server = await connectServer(cli);
        const instance = await server.instance(options.instance);
        const filter = { status: options.discarded === true ? "discarded" : "pending", eventType: options.type };
        const found: DeadLetter[] = [];
        for (let page = 1; found.length < options.limit; page += 1) {
          const { events } = await server.api.instance<{ readonly events: readonly DeadLetter[] }>(instance, {
            path: `/dlq/events${query({ ...filter, page, pageSize })}`,
          });
          found.push(...events);
          if (events.length < pageSize) break;
        }
        const shown = found.slice(0, options.limit);
        cli.out.document(shown, (page) =>
          page.table(
            ["EVENT", "TYPE", "URL", "TRIES", "LAST ERROR", "BURIED"],
            shown.map((one) => [
              one.event_id,
              one.event_type,
              one.url,
              one.total_attempts,
              one.last_error,
              clockTime(Date.parse(one.moved_to_dlq_at)),
            ]),
          ),
        );
        if (shown.length === 0) cli.out.say("no dead letters");
      }),
    );
}

function declareRetry(command: Command, run: Run): void {
  command
    .command("retry")
    .description("Put dead letters back into their lanes, under their old event ids.")
    .argument("[eventId...]", "which")
    .option("--all", "every one")
    .addOption(instanceOption())
    .action(
      run<{ instance?: string; all?: true }>(async (cli, { args, options }) => {
        requireOne(args, options.all);
        await using server = await connectServer(cli);
        const instance = await server.instance(options.instance);
        let retried = 0;
        for (const id of args) {
          await server.api.instance(instance, actOn(id, "retry"));
          retried += 1;
        }
        while (options.all === true) {
          const { retried_count: count } = await server.api.instance<{ readonly retried_count: number }>(instance, {
            method: "POST",
            path: `/dlq/retry-all?limit=${retriedAtOnce}`,
          });
          retried += count;
          if (count < retriedAtOnce) break;
        }
        cli.out.document({ retried }, (page) => page.text(String(retried)));
        cli.out.say(`${retried} wait in their lanes again`);
      }),
    );
}

function declareDiscard(command: Command, run: Run): void {
  command
    .command("discard")
    .description("Give dead letters up; they stay listed until their retention ends.")
    .argument("<eventId...>", "which")
    .addOption(instanceOption())
    .action(
      run<{ instance?: string }>(async (cli, { args, options }) => {
        await using server = await connectServer(cli);
        const instance = await server.instance(options.instance);
        for (const id of args) await server.api.instance(instance, actOn(id, "discard"));
        cli.out.document({ discarded: args.length }, (page) => page.text(String(args.length)));
      }),
    );
}

function actOn(eventId: string, action: "retry" | "discard"): ApiCall {
  return { method: "POST", path: `/dlq/events/${encodeURIComponent(eventId)}/${action}` };
}

function requireOne(eventIds: readonly string[], all: true | undefined): void {
  if (eventIds.length > 0 !== (all === true)) return;
  throw new WazapiError("invalid_request", { message: "say either which events, or --all" });
}
