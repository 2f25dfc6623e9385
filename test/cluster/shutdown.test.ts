import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { runShutdown, type ShutdownPhase } from "#cluster/shutdown.ts";
import { onStopSignals } from "#cluster/stop-signals.ts";
import { type Log, silentLog } from "#lib/log.ts";
import { createFakeTime } from "../support/fake-time.ts";

const hang = (): Promise<void> => new Promise(() => {});

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
}

async function shutDown(phases: readonly ShutdownPhase[], deadlineMs = 10_000, log = silentLog) {
  const time = createFakeTime();
  let report: Awaited<ReturnType<typeof runShutdown>> | undefined;
  const running = runShutdown({ ...time, log }, { phases, deadlineMs }).then((done) => (report = done));
  await time.until(() => report !== undefined);
  return await running;
}

test("shutdown: phases run in order, one after the other", async () => {
  const order: string[] = [];
  const phase = (name: string): ShutdownPhase => ({
    name,
    run: async () => {
      order.push(`${name} begins`);
      await Promise.resolve();
      order.push(`${name} ends`);
    },
  });
  expect(await shutDown([phase("queue"), phase("store")])).toEqual({ hung: [], failed: [], tookMs: 0 });
  expect(order).toEqual(["queue begins", "queue ends", "store begins", "store ends"]);
});

test("shutdown: a phase that fails is named and the later ones run", async () => {
  let closed = false;
  const report = await shutDown([
    { name: "queue", run: () => Promise.reject(new Error("broken")) },
    { name: "store", run: async () => void (closed = true) },
  ]);
  expect(report).toMatchObject({ hung: [], failed: ["queue"] });
  expect(closed).toBe(true);
});

test("shutdown: a phase that hangs is named once the deadline is over, and stores are still closed", async () => {
  let closed = false;
  const report = await shutDown([
    { name: "sockets", run: hang },
    { name: "webhooks", run: hang },
    { name: "store", run: async () => void (closed = true) },
  ]);
  expect(report.hung).toEqual(["sockets", "webhooks"]);
  expect(report.tookMs).toBeGreaterThanOrEqual(10_000);
  expect(report.tookMs).toBeLessThan(12_000);
  expect(closed).toBe(true);
});

test("shutdown: what is waited for is named long before the deadline, for those who would stop it at once", async () => {
  const said: unknown[] = [];
  const warn: Log["warn"] = (fields, message) => said.push(`${message}: ${String(fields["phase"])}`);
  await shutDown(
    [
      { name: "quick", run: async () => {} },
      { name: "webhooks", run: untilAborted },
    ],
    10_000,
    {
      ...silentLog,
      warn,
    },
  );
  expect(said).toEqual(["shutdown phase takes long: webhooks"]);
});

test("shutdown: a phase that obeys its signal does not hang, and its share leaves time to the others", async () => {
  const report = await shutDown([
    { name: "queue", run: untilAborted, maxMs: 2_000 },
    { name: "webhooks", run: untilAborted },
  ]);
  expect(report).toMatchObject({ hung: [], failed: [] });
  expect(report.tookMs).toBe(10_000);
});

test("stop signals: the first asks to stop, every other one to exit at once", () => {
  const { source, seen, listening } = listenToSignals();
  source.emit("SIGTERM");
  source.emit("SIGINT");
  listening[Symbol.dispose]();
  expect(seen).toEqual(["first SIGTERM", "again SIGINT"]);
  expect(source.eventNames()).toEqual([]);
});

test("stop signals: a Ctrl+C that npm and the launcher pass on counts once", () => {
  const { source, seen, pass } = listenToSignals();
  source.emit("SIGINT");
  source.emit("SIGINT");
  pass(5);
  source.emit("SIGINT");
  expect(seen).toEqual(["first SIGINT"]);
  pass(500);
  source.emit("SIGINT");
  expect(seen).toEqual(["first SIGINT", "again SIGINT"]);
});

function listenToSignals() {
  const source = new EventEmitter();
  const seen: string[] = [];
  let nowMs = 1_000;
  const listening = onStopSignals(
    source,
    { first: (signal) => seen.push(`first ${signal}`), again: (signal) => seen.push(`again ${signal}`) },
    { monotonicMs: () => nowMs },
  );
  return { source, seen, listening, pass: (ms: number) => void (nowMs += ms) };
}
