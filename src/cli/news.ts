import { createBell } from "#lib/bell.ts";
import { sleep } from "#lib/sleep.ts";

import type { Api, InstanceRef } from "./api.ts";
import type { Cli } from "./cli.ts";
import { tailEvents } from "./event-tail.ts";

/** Tells when something happened to an instance, so that whoever waits need not ask all the time. Disposing ends it. */
export interface News extends AsyncDisposable {
  /** Resolves when something happened since the last call, after a second at the latest, and on abort. */
  readonly next: (signal: AbortSignal) => Promise<void>;
}

/** Without news one looks after this long all the same: the stream may be late, or gone. */
const lookMs = 1000;

/** Follows the events of an instance. A stream that fails only makes the waiting slower. */
export function followNews(cli: Cli, api: Api, { id: instanceId }: InstanceRef): News {
  const stop = new AbortController();
  const signal = AbortSignal.any([cli.signal, stop.signal]);
  const bell = createBell();
  let missed = false;
  const follow = async (): Promise<void> => {
    try {
      const out = { say: () => {} };
      for await (const _event of tailEvents({ signal, out }, api, { instanceId })) {
        missed = true;
        bell.ring();
      }
    } catch {
      // The looks go on without it, and say what is wrong with the server.
    }
  };
  const following = follow();
  return {
    next: async (waitSignal) => {
      const over = new AbortController();
      const limit = AbortSignal.any([waitSignal, over.signal]);
      if (!missed) await Promise.race([bell.wait(limit), sleep(lookMs, limit)]);
      missed = false;
      over.abort();
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await following;
    },
  };
}
