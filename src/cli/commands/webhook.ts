import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";

import { WazapiError } from "#domain/errors.ts";
import { hookSlots } from "#domain/instance.ts";
import type { HookSlot } from "#domain/instance.ts";

import type { Api, InstanceRef } from "../api.ts";
import type { Run } from "../cli.ts";
import type { Declare } from "../command-table.ts";
import { exitCodes } from "../exit-code.ts";
import { collect, instanceOption } from "../options.ts";
import { connectServer } from "../server.ts";
import { clockTime } from "../times.ts";

/** Route that sets the URL of a slot. */
const setterOf = {
  delivery: "/update-webhook-delivery",
  received: "/update-webhook-received",
  receivedAndDelivery: "/update-webhook-received-delivery",
  messageStatus: "/update-webhook-message-status",
  presenceChat: "/update-webhook-chat-presence",
  connected: "/update-webhook-connected",
  disconnected: "/update-webhook-disconnected",
  historySync: "/update-webhook-history-sync",
} as const satisfies Record<HookSlot, `/${string}`>;

interface Webhooks {
  readonly hooks: Readonly<Partial<Record<HookSlot, string>>>;
  readonly notifySentByMe: boolean;
  readonly deliveryOrder: string;
  readonly lanes: readonly {
    readonly hookId: string;
    readonly url: string;
    readonly pending: number;
    readonly oldestAt?: number;
    readonly breaker: { readonly state: "closed" | "open"; readonly failures: number; readonly probeAt: number };
  }[];
}

/** `wazapi webhook`. */
export const declareWebhook: Declare = (command, run) => {
  declareShow(command, run);
  declareSet(command, run);
  declareTest(command, run);
};

function declareShow(command: Command, run: Run): void {
  command
    .command("show")
    .description("Show the URLs, what waits for them, and their breakers.")
    .addOption(instanceOption())
    .action(
      run<{ instance?: string }>(async (cli, { options }) => {
        await using server = await connectServer(cli);
        const webhooks = await webhooksOf(server.api, await server.instance(options.instance));
        cli.out.document(webhooks, (page) => {
          page.table(
            ["SLOT", "URL", "WAITING", "OLDEST", "BREAKER"],
            hookSlots.flatMap((slot) => {
              const url = webhooks.hooks[slot];
              const lane = webhooks.lanes.find((one) => one.url === url);
              if (url === undefined) return [];
              const oldest = lane?.oldestAt === undefined ? undefined : clockTime(lane.oldestAt);
              return [[slot, url, lane?.pending ?? 0, oldest, lane?.breaker.state ?? "closed"]];
            }),
          );
        });
        if (Object.keys(webhooks.hooks).length === 0) cli.out.say("no URL is set; see `wazapi webhook set --help`");
      }),
    );
}

function declareSet(command: Command, run: Run): void {
  command
    .command("set")
    .description("Set the URL that webhooks go to: of every slot, or of those named with --slot.")
    .argument("[url]", "where they go")
    .addOption(instanceOption())
    .addOption(
      new Option("--slot <slot>", `one kind of webhook, may be repeated: ${hookSlots.join(", ")}`).argParser<
        readonly string[]
      >(slotOf),
    )
    .option("--none", "remove the URL instead")
    .option("--sent-by-me", "notify messages sent from the own number too")
    .option("--no-sent-by-me", "do not notify them")
    .action(
      run<{ instance?: string; slot?: readonly HookSlot[]; none?: true; sentByMe?: boolean }>(
        async (cli, { args: [url], options }) => {
          const { slot, none, sentByMe } = options;
          if (none === true ? url !== undefined : url === undefined && sentByMe === undefined) {
            throw new WazapiError("invalid_request", { message: "say either a URL or --none" });
          }
          await using server = await connectServer(cli);
          const instance = await server.instance(options.instance);
          const put = async (path: `/${string}`, body: unknown): Promise<void> => {
            await server.api.instance(instance, { method: "PUT", path, body });
          };
          const value = none === true ? "" : url;
          if (value !== undefined && slot === undefined) await put("/update-every-webhooks", { value });
          if (value !== undefined) for (const one of slot ?? []) await put(setterOf[one], { value });
          if (sentByMe !== undefined) await put("/update-notify-sent-by-me", { notifySentByMe: sentByMe });
          const webhooks = await webhooksOf(server.api, instance);
          cli.out.document(webhooks, (page) => page.fields({ ...webhooks.hooks }));
          if (value !== undefined && value !== "") cli.out.say("set; try it with `wazapi webhook test`");
        },
      ),
    );
}

function slotOf(value: string, before?: readonly string[]): readonly string[] {
  if (!hookSlots.some((slot) => slot === value)) {
    throw new InvalidArgumentError(`There are ${hookSlots.join(", ")}.`);
  }
  return collect(value, before);
}

interface Tested {
  /** Those that have this URL. */
  readonly slots: readonly string[];
  readonly delivered: boolean;
  readonly url: string;
  readonly status?: number;
  readonly error?: string;
  readonly durationMs: number;
}

function declareTest(command: Command, run: Run): void {
  command
    .command("test")
    .description("Send one made-up event to each URL, or to that of one slot, and tell what it answered.")
    .argument("[slot]", hookSlots.join(", "))
    .addOption(instanceOption())
    .action(
      run<{ instance?: string }>(async (cli, { args: [slot], options }) => {
        await using server = await connectServer(cli);
        const instance = await server.instance(options.instance);
        const wanted = slot === undefined ? await slotsByUrl(server.api, instance) : [[slot]];
        const tested: Tested[] = [];
        for (const slots of wanted) {
          const call = { method: "POST", path: "/webhooks/test", body: { slot: slots[0] } } as const;
          tested.push({ ...(await server.api.instance<Omit<Tested, "slots">>(instance, call)), slots });
        }
        cli.out.document(tested, (page) =>
          page.table(
            ["SLOTS", "URL", "ANSWER", "MS"],
            tested.map(({ slots, url, status, error, delivered, durationMs }) => [
              slots.length === hookSlots.length ? "all" : slots.join(", "),
              url,
              { text: String(status ?? error), color: delivered ? "green" : "red" },
              Math.round(durationMs),
            ]),
          ),
        );
        return tested.every(({ delivered }) => delivered) ? exitCodes.ok : exitCodes.failure;
      }),
    );
}

async function webhooksOf(api: Api, instance: InstanceRef): Promise<Webhooks> {
  return api.instance(instance, { path: "/webhooks" });
}

/** The slots of each URL that is set. */
async function slotsByUrl(api: Api, instance: InstanceRef): Promise<readonly (readonly string[])[]> {
  const { hooks } = await webhooksOf(api, instance);
  const urls = Map.groupBy(
    hookSlots.filter((slot) => hooks[slot] !== undefined),
    (slot) => hooks[slot],
  );
  if (urls.size > 0) return [...urls.values()];
  throw new WazapiError("conflict", {
    message: "no URL is set",
    details: { hint: "set one with `wazapi webhook set URL`" },
  });
}
