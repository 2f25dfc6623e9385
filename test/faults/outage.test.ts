import { expect, test } from "vitest";
import { instanceOf, range, startRig, textOf } from "../pipeline/rig.ts";
import { createFakeTime } from "../support/fake-time.ts";
import { startReceiver } from "../support/receiver.ts";
import { openTestStore } from "../support/store.ts";
import { long } from "./scale.ts";

const down = "A".repeat(32);
const other = "B".repeat(32);
const minuteMs = 60_000;
const perMinute = long ? 250 : 60;

test("twenty minutes without one endpoint, thousands of events behind it: all in order afterwards, nobody else waits", async () => {
  await using store = await openTestStore();
  await using dead = await startReceiver();
  await using alive = await startReceiver();
  await store.instances.create({ instance: instanceOf(down, { received: dead.url, connected: alive.url }) });
  await store.instances.create({ instance: instanceOf(other, { received: alive.url }) });
  const time = createFakeTime();
  await using rig = startRig(store, { time });
  await dead.down();
  const startedAt = time.clock.now();
  const held: number[] = [];
  for (const minute of range(0, 19)) {
    await rig.record(
      down,
      range(1, perMinute).map((n) => textOf(minute * perMinute + n)),
    );
    // The same instance's other URL, and another instance, get theirs within the minute.
    await rig.record(down, [{ kind: "connected", phone: "5511900000001", at: minute }]);
    await rig.record(other, [textOf(minute)]);
    await time.until(() => alive.taken.length === (minute + 1) * 2);
    expect(time.clock.now() - startedAt).toBeLessThan((minute + 1) * minuteMs);
    await time.until(() => time.clock.now() - startedAt >= (minute + 1) * minuteMs);
    held.push(rig.pipeline.stats().held + rig.pipeline.stats().buffered);
  }
  expect(dead.requests).toEqual([]);
  expect(Math.max(...held)).toBeLessThanOrEqual(200);
  const waiting = await store.deliveries.list({ instanceId: down, state: "pending", limit: 100 });
  expect(waiting.every(({ attempts }) => attempts === 0)).toBe(true);
  expect(await store.deliveries.count({ instanceId: down, state: "pending" })).toBe(20 * perMinute);

  await dead.up();
  await time.until(async () => (await store.deliveries.count({ instanceId: down, state: "pending" })) === 0, 60_000);
  const sequences = dead.requests.map(({ sequence }) => sequence);
  expect(sequences).toHaveLength(20 * perMinute);
  expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
  expect(await store.deliveries.count({ state: "dead" })).toBe(0);
  expect(alive.requests).toHaveLength(40);
});
