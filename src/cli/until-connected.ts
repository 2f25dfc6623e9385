import { WazapiError } from "#domain/errors.ts";

import type { InstanceRef } from "./api.ts";
import type { Cli } from "./cli.ts";
import { connectionOf } from "./connection.ts";
import type { ConnectionView } from "./connection.ts";
import { followNews } from "./news.ts";
import type { Server } from "./server.ts";

/** What is linked, and where. */
export interface PairTarget {
  readonly server: Server;
  readonly instance: InstanceRef;
  /** Sees every state on the way. */
  readonly look?: (connection: ConnectionView) => Promise<void>;
}

/** Waits for the connection. Throws `timeout` when the limit comes first. */
export async function untilConnected(
  cli: Cli,
  { server, instance, look }: PairTarget,
  limit: AbortSignal,
): Promise<ConnectionView> {
  await using news = followNews(cli, server.api, instance);
  for (;;) {
    const connection = await connectionOf(server.api, instance);
    if (connection.state === "connected") return connection;
    await look?.(connection);
    await news.next(limit);
    if (!limit.aborted) continue;
    const message = cli.signal.aborted ? "stopped before the phone was linked" : "no phone was linked in time";
    throw new WazapiError("timeout", { message, details: { hint: "run `wazapi pair` again" } });
  }
}
