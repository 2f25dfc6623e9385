import type { Command } from "commander";

import { WazapiError } from "#domain/errors.ts";
import { hookSlots } from "#domain/instance.ts";
import type { HookSlot } from "#domain/instance.ts";

import type { Run } from "../cli.ts";
import type { Declare } from "../command-table.ts";
import { exitCodes } from "../exit-code.ts";
import { instanceOption } from "../options.ts";
import { connectServer } from "../server.ts";
import { clockTime } from "../times.ts";
import { declareAdd, declareRemove } from "./webhook-further.ts";
import { slotOption, slotsText, type Webhooks, webhooksOf } from "./webhook-view.ts";

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
  passkey: "/update-webhook-passkey",
  newChats: "/update-webhook-new-chats",
} as const satisfies Record<HookSlot, `/${string}`>;

/** `wazapi webhook`. */
export const declareWebhook: Declare = (command, run) => {
  declareShow(command, run);
  declareSet(command, run);
  declareAdd(command, run);
  declareRemove(command, run);
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
            [...slotRows(webhooks), ...addedRows(webhooks)].map(({ shown, url }) => {
              const lane = webhooks.lanes.find((one) => one.url === url);
              const oldest = lane?.oldestAt === undefined ? undefined : clockTime(lane.oldestAt);
              return [shown, url, lane?.pending ?? 0, oldest, lane?.breaker.state ?? "closed"];
            }),
          );
        });
        if (slotRows(webhooks).length + webhooks.further.length === 0)
          cli.out.say("no URL is set; see `wazapi webhook set --help`");
      }),
    );
}

interface ShownHook {
  readonly shown: string;
  readonly url: string;
}

function slotRows({ hooks }: Webhooks): readonly ShownHook[] {
  return hookSlots.flatMap((slot) => {
    const url = hooks[slot];
    return url === undefined ? [] : [{ shown: slot, url }];
  });
}

function addedRows({ further }: Webhooks): readonly ShownHook[] {
  return further.map(({ url, slots }) => ({ shown: `added: ${slotsText(slots)}`, url }));
}

function declareSet(command: Command, run: Run): void {
  command
    .command("set")
    .description("Set the URL that webhooks go to: of every slot, or of those named with --slot.")
    .argument("[url]", "where they go")
    .addOption(instanceOption())
    .addOption(slotOption())
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
    .description("Send one made-up event to each URL, or to those of one slot, and tell what it answered.")
    .argument("[slot]", hookSlots.join(", "))
    .addOption(instanceOption())
    .action(
      run<{ instance?: string }>(async (cli, { args: [slot], options }) => {
        await using server = await connectServer(cli);
        const instance = await server.instance(options.instance);
        const shots = shotsAt(await webhooksOf(server.api, instance), slot);
        const tested: Tested[] = [];
        for (const { slots, body } of shots) {
          const call = { method: "POST", path: "/webhooks/test", body } as const;
          tested.push({ ...(await server.api.instance<Omit<Tested, "slots">>(instance, call)), slots });
        }
        cli.out.document(tested, (page) =>
          page.table(
            ["SLOTS", "URL", "ANSWER", "MS"],
            tested.map(({ slots, url, status, error, delivered, durationMs }) => [
              slotsText(slots),
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

interface Shot {
  readonly slots: readonly string[];
  readonly body: { readonly slot: string | undefined } | { readonly url: string };
}

/** One shot at each URL, or at each that gets this slot. Throws `conflict` when nothing is set. */
function shotsAt({ hooks, further }: Webhooks, wanted: string | undefined): readonly Shot[] {
  const ofSlots = Map.groupBy(
    hookSlots.filter((slot) => hooks[slot] !== undefined && slot === (wanted ?? slot)),
    (slot) => hooks[slot],
  );
  const shots: readonly Shot[] = [
    ...[...ofSlots.values()].map((slots) => ({ slots, body: { slot: slots[0] } })),
    ...further
      .filter(({ url, slots }) => !ofSlots.has(url) && slots.some((slot) => slot === (wanted ?? slot)))
      .map(({ url, slots }) => ({ slots, body: { url } })),
  ];
  if (shots.length > 0) return shots;
  // The server says what is wrong with it.
  if (wanted !== undefined) return [{ slots: [wanted], body: { slot: wanted } }];
  throw new WazapiError("conflict", {
    message: "no URL is set",
    details: { hint: "set one with `wazapi webhook set URL`" },
  });
}
