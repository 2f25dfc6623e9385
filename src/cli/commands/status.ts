import { sleep } from "#lib/sleep.ts";

import { errorOf } from "../api.ts";
import type { Api } from "../api.ts";
import type { Cli } from "../cli.ts";
import type { Declare } from "../command-table.ts";
import { connectionCell, connectionOf, reasonOf } from "../connection.ts";
import type { ConnectionView } from "../connection.ts";
import { exitCodes } from "../exit-code.ts";
import type { ListedInstance } from "../pick-instance.ts";
import { connectOrOpenServer } from "../server.ts";
import type { Server } from "../server.ts";
import { ago, clockTime } from "../times.ts";

interface Readiness {
  readonly ready: boolean;
  readonly role: string;
  readonly missing: readonly string[];
  readonly checks: Readonly<Record<string, { readonly status: string; readonly error?: string }>>;
}

interface InstanceStatus {
  readonly instance: ListedInstance;
  readonly connection: ConnectionView;
  readonly queued: number;
  readonly webhooksWaiting: number;
  readonly breakersOpen: number;
  readonly dead: number;
}

/** How long sessions may take to connect when the server was only opened to look at it. */
const settleMs = 5_000;

/** `wazapi status`. */
export const declareStatus: Declare = (command, run) => {
  command
    .description("Show how the server and its instances are. Exit code 6 when the server cannot do its job.")
    .action(run(status));
};

async function status(cli: Cli): Promise<number> {
  await using server = await connectOrOpenServer(cli);
  const { url } = server.api;
  if (server.here) await settled(cli, server);
  const readiness = await readinessOf(server.api);
  // A standby knows nothing of the instances before it leads.
  const listed = readiness.role === "standby" ? [] : await server.instances();
  const instances = await Promise.all(listed.map((instance) => instanceStatus(server.api, instance)));
  const { ready, role, missing, checks } = readiness;
  const document = {
    ...(server.here ? { running: false } : { running: true, url }),
    ready,
    role,
    missing,
    checks,
    instances: instances.map(({ instance: { id, name }, connection, ...counts }) => ({
      id,
      name,
      state: connection.state,
      since: connection.at,
      ...(connection.reason !== undefined && { reason: connection.reason }),
      ...(connection.refusal !== undefined && { refusal: connection.refusal }),
      ...(connection.restricted_until !== undefined && { restricted_until: connection.restricted_until }),
      ...(connection.restriction !== undefined && { restriction: connection.restriction }),
      ...(connection.newChats !== undefined && { newChats: connection.newChats }),
      ...(connection.phone !== undefined && { phone: connection.phone }),
      ...counts,
    })),
  };
  cli.out.document(document, (page) => {
    page.fields({
      server: server.here ? "not running (looked at from here)" : url,
      // A server that was only opened to be looked at leads nobody.
      ...(server.here ? {} : { role }),
      [server.here ? "could run" : "ready"]: ready
        ? { text: "yes", color: "green" }
        : { text: `no: ${missing.join(", ")}`, color: "red" },
      ...Object.fromEntries(
        Object.entries(checks)
          .filter(([, check]) => check.status !== "healthy")
          .map(([name, check]) => [name, `${check.status}${check.error === undefined ? "" : `: ${check.error}`}`]),
      ),
    });
    if (instances.length === 0) return;
    if (cli.out.drawn) page.text("");
    page.table(
      ["INSTANCE", "STATE", "PHONE", "SINCE", "QUEUED", "WEBHOOKS WAITING", "DEAD", "REASON"],
      instances.map((one) => [
        one.instance.name,
        connectionCell(one.connection),
        one.connection.phone,
        cli.out.drawn ? ago(one.connection.at, cli.io.clock.now()) : clockTime(one.connection.at),
        one.queued,
        one.breakersOpen > 0 ? { text: `${one.webhooksWaiting} (endpoint down)`, color: "red" } : one.webhooksWaiting,
        one.dead > 0 ? { text: String(one.dead), color: "red" } : one.dead,
        reasonOf(one.connection),
      ]),
    );
  });
  if (instances.length === 0 && role !== "standby")
    cli.out.say("there is no instance yet; `wazapi pair` makes one and links a phone");
  return ready ? exitCodes.ok : exitCodes.unavailable;
}

/** 503 is an answer here, not a failure. */
async function readinessOf(api: Api): Promise<Readiness> {
  const response = await api.raw({ path: "/ready" });
  if (!response.ok && response.status !== 503) throw await errorOf(response);
  // The shape is the server's promise; both ends are of this package.
  return (await response.json()) as Readiness;
}

async function instanceStatus(api: Api, instance: ListedInstance): Promise<InstanceStatus> {
  const [connection, queue, webhooks, dead] = await Promise.all([
    connectionOf(api, instance),
    api.instance<{ readonly count: number }>(instance, { path: "/queue/count" }),
    api.instance<{
      readonly lanes: readonly { readonly pending: number; readonly breaker: { readonly state: string } }[];
    }>(instance, { path: "/webhooks" }),
    api.instance<{ readonly by_status: Readonly<Record<string, number>> }>(instance, { path: "/dlq/stats" }),
  ]);
  return {
    instance,
    connection,
    queued: queue.count,
    webhooksWaiting: webhooks.lanes.reduce((sum, lane) => sum + lane.pending, 0),
    breakersOpen: webhooks.lanes.filter((lane) => lane.breaker.state === "open").length,
    dead: dead.by_status["pending"] ?? 0,
  };
}

/** Waits until no session of a server that has just been opened is on its way any more. */
async function settled(cli: Cli, server: Server): Promise<void> {
  const limit = AbortSignal.any([cli.signal, AbortSignal.timeout(settleMs)]);
  while (!limit.aborted) {
    const instances = await server.instances();
    const connections = await Promise.all(instances.map((instance) => connectionOf(server.api, instance)));
    if (connections.every(({ state }) => state !== "connecting")) return;
    await sleep(100, limit);
  }
}
