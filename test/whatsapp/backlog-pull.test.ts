import { EventEmitter } from "node:events";
import type { BinaryNode } from "@whiskeysockets/baileys";
import { expect, it } from "vitest";
import { systemClock } from "#lib/clock.ts";
import { silentLog } from "#lib/log.ts";
import { pullBacklog } from "#whatsapp/intake/backlog-pull.ts";

/** A login whose backlog the test plays. */
function login(options: { stallMs?: number } = {}) {
  const ws = new EventEmitter();
  const stop = new AbortController();
  const state = { waiting: 0, paused: false, asked: 0, stalls: 0, givenUp: false };
  pullBacklog(
    {
      ws,
      send: async (node) => {
        expect(node).toEqual({ tag: "ib", attrs: {}, content: [{ tag: "offline_batch", attrs: { count: "200" } }] });
        state.asked += 1;
      },
      waiting: () => state.waiting,
      isPaused: () => state.paused,
      giveUp: () => {
        state.givenUp = true;
      },
      stalled: () => void (state.stalls += 1),
      clock: systemClock,
      log: silentLog,
      signal: stop.signal,
    },
    { batch: 200, againMs: 1, maxWaiting: 10, stallMs: options.stallMs ?? 60_000 },
  );
  ws.emit("CB:success", {});
  const frame = (attrs: Record<string, string>): void => {
    const node: BinaryNode = { tag: "message", attrs };
    ws.emit("frame", node);
  };
  return { state, stop, frame, end: () => void ws.emit("CB:ib,,offline", {}) };
}

const eventually = <T>(value: () => T) => expect.poll(value, { timeout: 5_000, interval: 1 });

it("more is asked for as the backlog comes, once for what comes together, until its end", async () => {
  const { state, frame, end } = login();
  frame({ id: "LIVE" });
  for (const id of ["1", "2", "3"]) frame({ id, offline: "1" });
  await eventually(() => state.asked).toBe(1);
  frame({ id: "4", offline: "1" });
  await eventually(() => state.asked).toBe(2);
  frame({ id: "5", offline: "1" });
  end();
  frame({ id: "6", offline: "1" });
  await new Promise((resolve) => setImmediate(resolve));
  expect(state.asked).toBe(2);
});

it("nothing is asked for while much is on its way, or nothing is read", async () => {
  const { state, frame, stop } = login();
  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  state.waiting = 11;
  frame({ id: "1", offline: "1" });
  await turns();
  expect(state.asked).toBe(0);
  state.waiting = 10;
  state.paused = true;
  await turns();
  expect(state.asked).toBe(0);
  state.paused = false;
  await eventually(() => state.asked).toBe(1);
  stop.abort();
});

it("a backlog that neither moves nor ends is asked for once more, then the connection is given up", async () => {
  const { state } = login({ stallMs: 20 });
  await eventually(() => state.asked).toBe(1);
  expect([state.stalls, state.givenUp]).toEqual([1, false]);
  await eventually(() => state.givenUp).toBe(true);
  expect([state.asked, state.stalls]).toEqual([1, 2]);
});

it("one that is taken in slowly is not given up", async () => {
  const { state, stop } = login({ stallMs: 5 });
  for (let turn = 0; turn < 20; turn += 1) {
    state.paused = true;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  expect(state.givenUp).toBe(false);
  stop.abort();
});
