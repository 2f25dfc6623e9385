import type { Command } from "commander";

import { WazapiError } from "#domain/errors.ts";
import { commonHookSlots } from "#domain/instance.ts";
import type { FurtherHook, HookSlot } from "#domain/instance.ts";

import type { InstanceRef } from "../api.ts";
import type { Cli, Run } from "../cli.ts";
import { instanceOption } from "../options.ts";
import { connectServer } from "../server.ts";
import type { Server } from "../server.ts";
import { slotOption, slotsText, webhooksOf } from "./webhook-view.ts";

/** `wazapi webhook add`: one more URL beside those of the slots. */
export function declareAdd(command: Command, run: Run): void {
  command
    .command("add")
    .description("Add a URL that receives beside the others: everything, or what is named with --slot.")
    .argument("<url>", "where it goes, too; one that is there already gets these slots instead of its own")
    .addOption(instanceOption())
    .addOption(slotOption())
    .action(
      run<{ instance?: string; slot?: readonly HookSlot[] }>(async (cli, { args: [url = ""], options }) => {
        await using server = await connectServer(cli);
        const instance = await server.instance(options.instance);
        const hook = { url, slots: options.slot ?? commonHookSlots };
        const { further } = await webhooksOf(server.api, instance);
        const known = further.some((one) => one.url === url);
        const next = known ? further.map((one) => (one.url === url ? hook : one)) : [...further, hook];
        await replace(cli, { server, instance, next });
        cli.out.say("added; try it with `wazapi webhook test`");
      }),
    );
}

/** `wazapi webhook remove`: the end of such a URL. */
export function declareRemove(command: Command, run: Run): void {
  command
    .command("remove")
    .description("Remove a URL that was added; what waits for it is discarded.")
    .argument("<url>", "as it was added")
    .addOption(instanceOption())
    .action(
      run<{ instance?: string }>(async (cli, { args: [url], options }) => {
        await using server = await connectServer(cli);
        const instance = await server.instance(options.instance);
        const { further } = await webhooksOf(server.api, instance);
        const next = further.filter((one) => one.url !== url);
        if (next.length === further.length) {
          throw new WazapiError("not_found", {
            message: "no such URL was added",
            details: { hint: "see `wazapi webhook show`; the URL of a slot goes with `wazapi webhook set --none`" },
          });
        }
        await replace(cli, { server, instance, next });
        cli.out.say("removed");
      }),
    );
}

/** Sets the list and shows what it is now. */
async function replace(
  cli: Cli,
  input: { readonly server: Server; readonly instance: InstanceRef; readonly next: readonly FurtherHook[] },
): Promise<void> {
  const { server, instance, next } = input;
  const call = { method: "PUT", path: "/webhooks/further", body: { further: next } } as const;
  const set = await server.api.instance<{ readonly further: readonly FurtherHook[] }>(instance, call);
  cli.out.document(set, (page) =>
    page.table(
      ["SLOT", "URL"],
      set.further.map(({ url, slots }) => [slotsText(slots), url]),
    ),
  );
}
