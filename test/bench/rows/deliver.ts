import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { systemClock } from "#lib/clock.ts";
import { createAddressGuard } from "#lib/guard.ts";
import { silentLog } from "#lib/log.ts";
import { defaultDispatchOptions } from "#pipeline/dispatch/options.ts";
import { toNewEvent } from "#pipeline/persist/to-new-event.ts";
import { defaultBufferOptions, defaultPersistOptions, defaultPostOptions, startPipeline } from "#pipeline/pipeline.ts";
import type { Store } from "#store/store.ts";

import { instanceOf, range, textOf } from "../../pipeline/rig.ts";
import { type ReceivedRequest, startReceiver } from "../../support/receiver.ts";
import { openTestStore } from "../../support/store.ts";
import { startHelper } from "../helper.ts";
import { openPoster } from "../load.ts";
import { perSecond, runPairs } from "../measure.ts";
import type { Row } from "../row.ts";

const lanes = 8;
const perLane = 200;
const count = lanes * perLane;
const ids = range(1, lanes).map((n) => String(n).repeat(32));

/** How fast the outbox drains: what waits is stored before the clock starts. */
export const deliver: Row = {
  what: `drain of the outbox, ${lanes} endpoints, in order, each outcome stored`,
  against: `bare undici POSTs of the same bodies, ${lanes} at a time`,
  unit: "per second",
  run: async ({ rounds }) => {
    await using parts = new AsyncDisposableStack();
    const dir = await mkdtemp(join(tmpdir(), "wazapi-bench-"));
    parts.defer(() => rm(dir, { recursive: true, force: true }));
    const store = parts.use(await openTestStore(join(dir, "wazapi.db")));
    const sample = await sampleRequest(dir);
    const receiver = parts.use(startHelper("bare/receiver-process.ts"));
    const { url } = await receiver.ask<{ url: string }>("listen");
    const hooks = { received: url };
    for (const id of ids) await store.instances.create({ instance: instanceOf(id, hooks) });
    const poster = parts.use(openPoster(url, { headers: sample.headers, connections: lanes }));
    let stored = 0;
    const fill = async (): Promise<void> => {
      const numbers = range(stored + 1, stored + perLane);
      stored += perLane;
      for (const instanceId of ids) {
        const routing = instanceOf(instanceId, hooks);
        const events = numbers.map((n) => toNewEvent(textOf(n), routing));
        await store.events.persist({ instanceId, events, now: Date.now() });
      }
    };
    const postLane = async (): Promise<void> => {
      for (let n = 0; n < perLane; n += 1) await poster.post(sample.body);
    };
    return await runPairs(rounds, {
      ours: async () => {
        await fill();
        return await perSecond(count, () => drain(store, count));
      },
      bare: () => perSecond(count, () => Promise.all(ids.map(postLane))),
    });
  },
};

/** Starts the pipeline and stops it after so many deliveries. */
async function drain(store: Store, expected: number): Promise<void> {
  const { promise: done, resolve } = Promise.withResolvers<void>();
  let delivered = 0;
  await using _pipeline = startPipeline(
    {
      store,
      guard: createAddressGuard({ allowLoopback: true, allowPrivate: false }),
      media: { links: async () => new Map() },
      clock: systemClock,
      log: silentLog,
      attempted: ({ outcome }) => {
        delivered += outcome === "delivered" ? 1 : 0;
        if (delivered === expected) resolve();
      },
    },
    {
      buffer: defaultBufferOptions,
      dispatch: { ...defaultDispatchOptions, owner: "bench" },
      post: defaultPostOptions,
      persist: defaultPersistOptions,
    },
    new AbortController().signal,
  );
  await done;
}

/** What one delivery looks like on the wire. */
async function sampleRequest(
  dir: string,
): Promise<{ readonly headers: Record<string, string>; readonly body: object }> {
  await using receiver = await startReceiver();
  await using store = await openTestStore(join(dir, "sample.db"));
  const instance = instanceOf("9".repeat(32), { received: receiver.url });
  await store.instances.create({ instance });
  await store.events.persist({ instanceId: instance.id, events: [toNewEvent(textOf(1), instance)], now: Date.now() });
  await drain(store, 1);
  const [request] = receiver.requests as [ReceivedRequest];
  const own = Object.entries(request.headers).filter(([name]) => /^(webhook-|x-wazapi-|user-agent)/.test(name));
  return { headers: Object.fromEntries(own) as Record<string, string>, body: JSON.parse(request.body) as object };
}
