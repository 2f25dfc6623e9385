import { isWazapiError } from "#domain/errors.ts";
import { sleep } from "#lib/sleep.ts";

import { errorOf, query } from "./api.ts";
import type { Api } from "./api.ts";
import type { Cli } from "./cli.ts";
import { readEventStream } from "./event-stream.ts";

/** An event as the stream carries it. */
export interface TailedEvent {
  readonly eventId: string;
  readonly instanceId: string;
  readonly sequence: number;
  readonly position: number;
  readonly type: string;
  readonly chatId?: string;
  readonly messageId?: string;
  readonly occurredAt: number;
  /** The webhook body. */
  readonly payload: unknown;
}

/** Which events are followed. */
export interface TailFilter {
  readonly instanceId?: string;
  readonly type?: string;
  /** Position to start behind; absent starts with what comes next. */
  readonly after?: number;
}

const retryMs = 1000;

/**
 * Events as they are stored, until the command is stopped. When the server goes away it waits for it and goes on where
 * it was; throws when the very first connection fails, or the server refuses.
 */
export async function* tailEvents(
  { signal, out }: Pick<Cli, "signal"> & { readonly out: Pick<Cli["out"], "say"> },
  api: Api,
  filter: TailFilter,
): AsyncGenerator<TailedEvent, void, undefined> {
  let last: string | undefined;
  let away = false;
  while (!signal.aborted) {
    try {
      const response = await api.raw({
        path: `/events${query({ ...filter })}`,
        signal,
        ...(last !== undefined && { headers: { "last-event-id": last } }),
      });
      if (!response.ok || response.body === null) throw await errorOf(response);
      if (away) out.say("the server is back");
      away = false;
      for await (const { id, data } of readEventStream(response.body)) {
        last = id ?? last;
        // The shape is the server's promise; both ends are of this package.
        if (data !== undefined) yield JSON.parse(data) as TailedEvent;
      }
    } catch (error) {
      if (signal.aborted) return;
      const passes = isWazapiError(error, "unavailable", "standby", "shutting_down") || error instanceof TypeError;
      // Before the first frame it may be the wrong address: nothing to wait for.
      if (last === undefined || !passes) throw error;
    }
    if (!away && !signal.aborted) out.say("the server is away; waiting for it");
    away = true;
    await sleep(retryMs, signal);
  }
}
