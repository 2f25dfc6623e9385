import type { Command } from "commander";

import { endlessDue } from "#http/routes/subscription.ts";

import type { Run } from "../cli.ts";
import type { Declare } from "../command-table.ts";
import { connectionCell, connectionOf, reasonOf } from "../connection.ts";
import { instanceOption } from "../options.ts";
import { connectServer } from "../server.ts";
import { ago, clockTime } from "../times.ts";

/** `wazapi instance`. */
export const declareInstance: Declare = (command, run) => {
  declareList(command, run);
  declareCreate(command, run);
  declareShow(command, run);
  declareDelete(command, run);
  declareRestart(command, run);
  declareDisconnect(command, run);
};

function declareList(command: Command, run: Run): void {
  command
    .command("list")
    .description("List the instances with the state of their connections.")
    .action(
      run(async (cli) => {
        await using server = await connectServer(cli);
        const instances = await Promise.all(
          (await server.instances()).map(async (instance) => ({
            instance,
            connection: await connectionOf(server.api, instance),
          })),
        );
        const listed = instances.map(({ instance: { id, name, created, paymentStatus }, connection }) => ({
          id,
          name,
          created,
          paymentStatus,
          state: connection.state,
          since: connection.at,
          ...(connection.phone !== undefined && { phone: connection.phone }),
        }));
        cli.out.document(listed, (page) =>
          page.table(
            ["ID", "NAME", "STATE", "PHONE", "SINCE"],
            instances.map(({ instance: { id, name }, connection }) => [
              id,
              name,
              connectionCell(connection),
              connection.phone,
              cli.out.drawn ? ago(connection.at, cli.io.clock.now()) : clockTime(connection.at),
            ]),
          ),
        );
      }),
    );
}

function declareCreate(command: Command, run: Run): void {
  command
    .command("create")
    .description("Create an instance; `wazapi pair` links its phone.")
    .argument("<name>", "what it is called")
    .option("--webhook <url>", "where every webhook of it goes")
    .action(
      run<{ webhook?: string }>(async (cli, { args: [name = ""], options: { webhook } }) => {
        await using server = await connectServer(cli);
        const instance = await server.createInstance(name, webhook);
        const { id } = instance;
        cli.out.document({ id, name }, (page) => page.text(id));
        cli.out.say(`created ${name}; link a phone with \`wazapi pair --instance ${id}\``);
      }),
    );
}

/** What `GET …/me` tells; other fields are passed on with `--json`. */
interface Me {
  readonly token: string;
  readonly [field: string]: unknown;
}

function declareShow(command: Command, run: Run): void {
  command
    .command("show")
    .description("Show the settings and the connection of an instance.")
    .argument("[instance]", "id or name; not needed when there is only one")
    .addOption(instanceOption())
    .option("--tokens", "show its token and the secrets of its webhooks too")
    .action(
      run<{ instance?: string; tokens?: true }>(async (cli, { args: [named], options }) => {
        await using server = await connectServer(cli);
        const instance = await server.instance(named ?? options.instance);
        const [{ token, ...settings }, connection] = await Promise.all([
          server.api.instance<Me>(instance, { path: "/me" }),
          connectionOf(server.api, instance, 5),
        ]);
        const shown: Record<string, unknown> = { ...settings, connection };
        if (options.tokens === true) {
          const { secrets } = await server.api.instance<{ readonly secrets: readonly string[] }>(instance, {
            path: "/webhooks/secret",
          });
          Object.assign(shown, { token, webhookSecrets: secrets });
        }
        cli.out.document(shown, (page) => {
          const { connection: _connection, ...fields } = shown;
          page.fields({
            ...Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, cellOf(name, value)])),
            state: connectionCell(connection),
            reason: reasonOf(connection),
            phone: connection.phone,
            since: clockTime(connection.at),
            "last sign of life": connection.lastSeenAt === undefined ? undefined : clockTime(connection.lastSeenAt),
          });
        });
      }),
    );
}

function cellOf(name: string, value: unknown): string | undefined {
  if (value === null || value === "") return undefined;
  if (name === "due" && typeof value === "number") return value >= endlessDue ? "never" : clockTime(value);
  if (Array.isArray(value)) return value.join(" ");
  return typeof value === "string" ? value : JSON.stringify(value);
}

function declareDelete(command: Command, run: Run): void {
  command
    .command("delete")
    .description("Log an instance out and delete it with everything that belongs to it. There is no way back.")
    .argument("<instance>", "its id or name")
    .action(
      run(async (cli, { args: [named] }) => {
        await using server = await connectServer(cli);
        const { id, name } = await server.instance(named);
        await server.api.server({ method: "DELETE", path: `/instances/${id}` });
        cli.out.document({ id, deleted: true }, (page) => page.text(id));
        cli.out.say(`deleted ${name}`);
      }),
    );
}

function declareRestart(command: Command, run: Run): void {
  command
    .command("restart")
    .description("Connect an instance anew; the pairing stays.")
    .argument("[instance]", "id or name; not needed when there is only one")
    .addOption(instanceOption())
    .action(
      run<{ instance?: string }>(async (cli, { args: [named], options }) => {
        await using server = await connectServer(cli);
        const instance = await server.instance(named ?? options.instance);
        await server.api.instance(instance, { method: "POST", path: "/restart" });
        cli.out.document({ id: instance.id, restarted: true }, (page) => page.text(instance.id));
        cli.out.say(`${instance.name} connects anew; see \`wazapi status\``);
      }),
    );
}

function declareDisconnect(command: Command, run: Run): void {
  command
    .command("disconnect")
    .description("Log an instance out at WhatsApp; it has to be paired again.")
    .argument("[instance]", "id or name; not needed when there is only one")
    .addOption(instanceOption())
    .action(
      run<{ instance?: string }>(async (cli, { args: [named], options }) => {
        await using server = await connectServer(cli);
        const instance = await server.instance(named ?? options.instance);
        await server.api.instance(instance, { method: "POST", path: "/disconnect" });
        cli.out.document({ id: instance.id, disconnected: true }, (page) => page.text(instance.id));
        cli.out.say(`${instance.name} is logged out; link a phone with \`wazapi pair\``);
      }),
    );
}
