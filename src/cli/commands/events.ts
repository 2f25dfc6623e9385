import type { Command } from "commander";
import { Option } from "commander";

import { WazapiError } from "#domain/errors.ts";
import { phoneOf } from "#domain/phone.ts";

import { query } from "../api.ts";
import type { Run } from "../cli.ts";
import type { Declare } from "../command-table.ts";
import { tailEvents } from "../event-tail.ts";
import { instanceOption, whole } from "../options.ts";
import { harmless, jsonText } from "../output.ts";
import { connectServer } from "../server.ts";
import { clockTime } from "../times.ts";
import { declareEventsDownload } from "./events-download.ts";

/** An event as the routes show it; without its content. */
export interface EventSummary {
  readonly eventId: string;
  readonly instanceId: string;
  readonly sequence: number;
  readonly position: number;
  readonly type: string;
  readonly chatId?: string;
  readonly messageId?: string;
  readonly occurredAt: number;
}

interface EventDetail extends EventSummary {
  readonly payload: unknown;
  readonly deliveries: readonly {
    readonly deliveryId: number;
    readonly url: string;
    readonly slot: string;
    readonly state: string;
    readonly attempts: number;
    readonly tries: readonly {
      readonly at: number;
      readonly durationMs: number;
      readonly status?: number;
      readonly error?: string;
    }[];
  }[];
}

interface Filter {
  readonly type?: string;
  readonly chat?: string;
  readonly state?: string;
  readonly from?: string;
  readonly to?: string;
}

const pageSize = 200;
const states = ["pending", "delivered", "dead", "discarded"];

/** `wazapi events`. */
export const declareEvents: Declare = (command, run) => {
  declareList(command, run);
  declareShow(command, run);
  declareEventsDownload(command, run);
  declareTail(command, run);
  declareReplay(command, run);
};

function filtered(command: Command): Command {
  return command
    .option("--type <type>", "only events of this type, e.g. ReceivedCallback")
    .option("--chat <phone>", "only those of this chat")
    .addOption(new Option("--state <state>", "only those with a delivery in this state").choices(states))
    .option("--from <time>", "not before this time (ISO 8601, or epoch milliseconds)")
    .option("--to <time>", "not after this time");
}

function declareList(command: Command, run: Run): void {
  filtered(command.command("list").description("List events, newest first."))
    .addOption(instanceOption())
    .option("-n, --limit <count>", "at most so many", whole(1, 100_000), 50)
    .action(
      run<Filter & { instance?: string; limit: number }>(async (cli, { options }) => {
        await using server = await connectServer(cli);
        const instance = await server.instance(options.instance);
        const { type, chat: chatId, state, from, to } = options;
        const found: EventSummary[] = [];
        let before: number | null | undefined;
        while (found.length < options.limit && before !== null) {
          const limit = Math.min(pageSize, options.limit - found.length);
          const page: { readonly events: readonly EventSummary[]; readonly next: number | null } =
            await server.api.instance(instance, {
              path: `/events${query({ type, chatId, state, from, to, before, limit })}`,
            });
          found.push(...page.events);
          before = page.next;
        }
        cli.out.document(found, (page) =>
          page.table(
            ["SEQUENCE", "AT", "TYPE", "EVENT", "CHAT", "MESSAGE"],
            found.map((one) => [
              one.sequence,
              clockTime(one.occurredAt),
              one.type,
              one.eventId,
              one.chatId === undefined ? undefined : phoneOf(one.chatId),
              one.messageId,
            ]),
          ),
        );
        if (found.length === 0) cli.out.say("no events");
      }),
    );
}

function declareShow(command: Command, run: Run): void {
  command
    .command("show")
    .description("Show one event: its webhook body, its deliveries and every try.")
    .argument("<eventId>", "which")
    .addOption(instanceOption())
    .action(
      run<{ instance?: string }>(async (cli, { args: [eventId = ""], options }) => {
        await using server = await connectServer(cli);
        const instance = await server.instance(options.instance);
        const event = await server.api.instance<EventDetail>(instance, {
          path: `/events/${encodeURIComponent(eventId)}`,
        });
        cli.out.document(event, (page) => {
          const { type, sequence, chatId, messageId, occurredAt } = event;
          page.fields({ event: eventId, type, sequence, chat: chatId, message: messageId, at: clockTime(occurredAt) });
          page.table(
            ["DELIVERY", "SLOT", "URL", "STATE", "TRIED AT", "ANSWER", "MS"],
            event.deliveries.flatMap(({ deliveryId, slot, url, state, tries }) =>
              tries.length === 0
                ? [[deliveryId, slot, url, state]]
                : tries.map((one) => [
                    deliveryId,
                    slot,
                    url,
                    state,
                    clockTime(one.at),
                    one.status ?? one.error,
                    Math.round(one.durationMs),
                  ]),
            ),
          );
          page.text(jsonText(event.payload, 2));
        });
      }),
    );
}

function declareTail(command: Command, run: Run): void {
  command
    .command("tail")
    .description("Follow events as they are stored, without a gap over restarts of the server; Ctrl+C ends it.")
    .addOption(instanceOption())
    .option("--type <types>", "only events of these types, separated by commas")
    .option("--after <position>", "start behind this position; 0 is the oldest kept", whole(0, Number.MAX_SAFE_INTEGER))
    .option("-n, --limit <count>", "end after so many", whole(1, Number.MAX_SAFE_INTEGER))
    .action(
      run<{ instance?: string; type?: string; after?: number; limit?: number }>(async (cli, { options }) => {
        await using server = await connectServer(cli);
        const { type, after, limit } = options;
        // Without a choice it follows every instance.
        const instance = options.instance === undefined ? undefined : await server.instance(options.instance);
        const events = tailEvents(cli, server.api, {
          ...(instance !== undefined && { instanceId: instance.id }),
          ...(type !== undefined && { types: type }),
          ...(after !== undefined && { after }),
        });
        let left = limit ?? Number.POSITIVE_INFINITY;
        for await (const event of events) {
          const { occurredAt, sequence, chatId = "-", messageId = "-" } = event;
          const parts = [clockTime(occurredAt), String(sequence), event.type, event.eventId, chatId, messageId];
          cli.out.entry(event, parts.map(harmless).join("\t"));
          left -= 1;
          if (left <= 0) break;
        }
      }),
    );
}

function declareReplay(command: Command, run: Run): void {
  filtered(
    command
      .command("replay")
      .description("Deliver events again, in order and under their old ids: those named, or those that match.")
      .argument("[eventId...]", "which"),
  )
    .addOption(instanceOption())
    .option("--webhook <url>", "deliver there instead of to the configured URLs")
    .action(
      run<Filter & { instance?: string; webhook?: string }>(async (cli, { args: eventIds, options }) => {
        await using server = await connectServer(cli);
        const instance = await server.instance(options.instance);
        const { type, chat: chatId, state, from, to, webhook: url } = options;
        const selected = { type, chatId, state, from, to, url, ...(eventIds.length > 0 && { eventIds }) };
        const { replayed } = await server.api.instance<{ readonly replayed: number }>(instance, {
          method: "POST",
          path: "/events/replay",
          body: selected,
        });
        if (replayed === 0 && eventIds.length > 0) {
          throw new WazapiError("not_found", { message: "no such event is kept, or none that matches" });
        }
        cli.out.document({ replayed }, (page) => page.text(String(replayed)));
        cli.out.say(`${replayed} will be delivered again`);
      }),
    );
}
