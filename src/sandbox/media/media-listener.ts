import { once } from "node:events";
import { createServer } from "node:http";
import type { Log } from "#lib/log.ts";
import type { FaultRules } from "../fault.ts";
import { openMediaStation, type MediaStation, type MediaStationOptions } from "./media-station.ts";

/** A media station with a plain HTTP listener of its own on a free loopback port. Closing it closes both. */
export async function listenMedia(
  deps: { readonly faults: FaultRules; readonly log: Log },
  options: Omit<MediaStationOptions, "url"> = {},
): Promise<MediaStation> {
  await using parts = new AsyncDisposableStack();
  // The station needs the port and the listener needs the station; nobody can ask before both are there.
  let station: MediaStation | undefined;
  const server = createServer((request, response) => station?.handle(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  parts.defer(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const opened = parts.use(await openMediaStation(deps, { ...options, url: `http://127.0.0.1:${port}` }));
  station = opened;
  const owned = parts.move();
  return { ...opened, [Symbol.asyncDispose]: async () => owned.disposeAsync() };
}
