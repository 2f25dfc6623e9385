import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { connectionStates } from "#domain/instance.ts";
import { initialState, step, type Effect, type SessionEvent, type SessionState } from "#whatsapp/session-state.ts";

const limits = { maxHeals: 2, now: 0 };

/** Applies events in order; answers the last state and every effect. */
function run(
  events: readonly SessionEvent[],
  from = initialState({ paired: false, state: "unpaired" }),
  at: { readonly now: number } = { now: 0 },
) {
  const effects: Effect[] = [];
  let state = from;
  for (const event of events) {
    const result = step(state, event, { ...limits, ...at });
    state = result.next;
    effects.push(...result.effects);
  }
  return { state, effects: effects.map((effect) => effect.type) };
}

const pairedAndOpen: SessionEvent[] = [{ type: "start" }, { type: "opened" }];
const paired = initialState({ paired: true, state: "disconnected" });
const closed = (statusCode: number, stable = false): SessionEvent => ({ type: "closed", statusCode, stable });

describe("session state: pairing", () => {
  it("goes from QR over 515 to connected without counting a failure", () => {
    const { state, effects } = run([
      { type: "start" },
      { type: "qrShown" },
      { type: "paired" },
      closed(515),
      { type: "retryDue" },
      { type: "opened" },
    ]);
    expect(state).toMatchObject({ state: "connected", paired: true, failures: 0 });
    expect(effects).toEqual(["open", "retry", "open"]);
  });

  it("pauses when the QRs are used up, and starts over when asked", () => {
    const { state } = run([{ type: "start" }, { type: "qrShown" }, closed(408)]);
    expect(state).toMatchObject({ state: "unpaired", reason: "qr_expired", wanted: false });
    expect(run([{ type: "start" }], state)).toMatchObject({ state: { state: "pairing" }, effects: ["open"] });
  });

  it("keeps trying when the server cannot be reached before any QR", () => {
    const { state, effects } = run([{ type: "start" }, closed(408)]);
    expect(state).toMatchObject({ state: "pairing", retrying: true });
    expect(effects).toEqual(["open", "retry"]);
  });
});

describe("session state: a connected session", () => {
  it.each([
    [401, "logged_out", ["open", "clear"]],
    [403, "locked", ["open"]],
    [406, "banned", ["open"]],
    [405, "disconnected", ["open", "suspectVersion", "retry"]],
    [428, "disconnected", ["open", "retry"]],
    [440, "replaced", ["open", "retry"]],
    [503, "disconnected", ["open", "retry"]],
  ] as const)("closed with %i is %s", (statusCode, name, expected) => {
    const { state, effects } = run([...pairedAndOpen, closed(statusCode)], paired);
    expect(state).toMatchObject({ state: name, statusCode });
    expect(effects).toEqual(expected);
  });

  it("stays down when another process has the lease", () => {
    const { state, effects } = run([...pairedAndOpen, { type: "leaseLost" }, { type: "retryDue" }], paired);
    expect(state).toMatchObject({ state: "disconnected", reason: "lease_lost", wanted: false });
    expect(effects).toEqual(["open", "close"]);
  });

  it("comes back after a storage failure", () => {
    const { state, effects } = run([...pairedAndOpen, { type: "storageFailed" }, { type: "retryDue" }], paired);
    expect(state).toMatchObject({ state: "connecting", failures: 1 });
    expect(effects).toEqual(["open", "close", "retry", "open"]);
  });

  it("heals a replacement a limited number of times", () => {
    const replacedAgain: SessionEvent[] = [closed(440), { type: "retryDue" }, { type: "opened" }];
    const { state, effects } = run(
      [...pairedAndOpen, ...replacedAgain, ...replacedAgain, closed(440), { type: "retryDue" }],
      paired,
    );
    expect(state).toMatchObject({ state: "replaced", wanted: false, retrying: false });
    expect(effects.filter((effect) => effect === "retry")).toHaveLength(2);
  });

  it("starts its waits over after a stable connection only", () => {
    const flapping = run(
      [...pairedAndOpen, closed(428), { type: "retryDue" }, { type: "opened" }, closed(428)],
      paired,
    );
    expect(flapping.state.failures).toBe(2);
    const stable = run([{ type: "retryDue" }, { type: "opened" }, closed(428, true)], flapping.state);
    expect(stable.state.failures).toBe(1);
  });

  it("start while waiting leaves the wait alone, restart does not", () => {
    const { state } = run([...pairedAndOpen, closed(428)], paired);
    expect(run([{ type: "start" }], state).effects).toEqual([]);
    expect(run([{ type: "restart" }], state).effects).toEqual(["cancelRetry", "open"]);
  });

  it.each([402, 403, 405, 406, 409, 413, 414, 415, 418, 429, 499])(
    "refused with %i it keeps its credentials",
    (code) => {
      const { state, effects } = run([...pairedAndOpen, closed(code)], paired);
      expect(state).toMatchObject({ paired: true, statusCode: code });
      expect(effects).not.toContain("clear");
    },
  );

  it("logout unlinks and forgets; the next start pairs", () => {
    const { state, effects } = run([...pairedAndOpen, { type: "logout" }], paired);
    expect(state).toMatchObject({ state: "logged_out", paired: false, wanted: false });
    expect(effects).toEqual(["open", "unlink", "clear"]);
    expect(run([{ type: "start" }], state).state.state).toBe("pairing");
  });
});

describe("session state: refused", () => {
  const refusal = { kind: "restricted", code: 402, cause: "groups", until: 500 } as const;
  const restricted = run([...pairedAndOpen, { ...closed(402), refusal } as SessionEvent], paired).state;

  it("restricted: says why and until when, and comes back by itself at the end", () => {
    expect(restricted).toMatchObject({ state: "restricted", reason: "temporarily_banned", refusal, wanted: true });
    expect(run([{ type: "retryDue" }], restricted, { now: 499 })).toMatchObject({
      state: { state: "restricted", retrying: true },
      effects: ["retry"],
    });
    const back = run([{ type: "retryDue" }, { type: "opened" }], restricted, { now: 500 });
    expect(back).toMatchObject({ state: { state: "connected" }, effects: ["open"] });
    expect(back.state.refusal).toBeUndefined();
  });

  it("restricted: a start of the program waits for the end, a restart that somebody asks for does not", () => {
    const stored = initialState({ paired: true, state: "restricted", reason: "temporarily_banned", refusal });
    const start = run([{ type: "start" }, { type: "start" }], stored, { now: 100 });
    expect(start).toMatchObject({ state: { state: "restricted", refusal, wanted: true }, effects: ["retry"] });
    expect(run([{ type: "restart" }], start.state, { now: 101 }).effects).toEqual(["cancelRetry", "open"]);
    expect(run([{ type: "start" }], stored, { now: 500 }).effects).toEqual(["open"]);
  });

  it("restricted: a stop lets go, and keeps saying why", () => {
    const { state, effects } = run([{ type: "stop", reason: "stopped" }], restricted, { now: 100 });
    expect(state).toMatchObject({ state: "restricted", refusal, wanted: false });
    expect(effects).toEqual(["cancelRetry"]);
  });

  it("closed three times right after the hello: the version is suspected, until it gets in once", () => {
    const early: SessionEvent = { type: "closed", statusCode: 428, stable: false, early: true };
    const again: SessionEvent[] = [early, { type: "retryDue" }];
    const { state, effects } = run([{ type: "start" }, ...again, ...again, early], paired);
    expect(state).toMatchObject({ state: "disconnected", reason: "version_suspected" });
    expect(effects.filter((effect) => effect === "suspectVersion")).toHaveLength(1);
    const inOnce = run([{ type: "retryDue" }, { type: "opened" }, closed(428), { type: "retryDue" }, early], state);
    expect(inOnce.state).toMatchObject({ reason: "connection_closed", earlyCloses: 1 });
  });
});

/** A world that does what the effects say, to check them against. */
interface World {
  sockets: number;
  timers: number;
  credentials: boolean;
}

function play(world: World, effect: Effect): void {
  switch (effect.type) {
    case "open":
      world.sockets += 1;
      return;
    case "close":
    case "unlink":
      world.sockets -= 1;
      return;
    case "retry":
      world.timers += 1;
      return;
    case "cancelRetry":
      world.timers -= 1;
      return;
    case "clear":
      world.credentials = false;
      return;
    case "suspectVersion":
  }
}

const event: fc.Arbitrary<SessionEvent> = fc.oneof(
  fc.constantFrom<SessionEvent>(
    { type: "start" },
    { type: "restart" },
    { type: "stop", reason: "stopped" },
    { type: "logout" },
    { type: "qrShown" },
    { type: "paired" },
    { type: "opened" },
    { type: "silent" },
    { type: "retryDue" },
    { type: "leaseLost" },
    { type: "storageFailed" },
  ),
  fc.record({
    type: fc.constant("closed" as const),
    statusCode: fc.constantFrom(401, 402, 403, 405, 406, 408, 409, 411, 428, 429, 440, 500, 503, 515, 599),
    stable: fc.boolean(),
    early: fc.boolean(),
  }),
  fc.record({
    type: fc.constant("closed" as const),
    statusCode: fc.constant(402),
    stable: fc.boolean(),
    refusal: fc.record({ kind: fc.constant("restricted" as const), code: fc.constant(402), until: fc.nat(10) }),
  }),
);

describe("session state: whatever happens", () => {
  it("there is one socket or none, one wait or none, and what is said is so", () => {
    fc.assert(
      fc.property(fc.boolean(), fc.array(event, { maxLength: 60 }), (wasPaired, events) => {
        const world: World = { sockets: 0, timers: 0, credentials: wasPaired };
        let state: SessionState = initialState({
          paired: wasPaired,
          state: wasPaired ? "disconnected" : "unpaired",
        });
        for (const happened of events) {
          const closedNow = happened.type === "closed" && state.socket;
          if (closedNow) world.sockets -= 1;
          if (happened.type === "retryDue" && state.retrying) world.timers -= 1;
          if ((happened.type === "paired" || happened.type === "opened") && state.socket) world.credentials = true;
          const before = state;
          const { next, effects } = step(state, happened, { ...limits, now: 5 });
          state = next;
          for (const effect of effects) {
            play(world, effect);
            expect(world.sockets).toBeLessThanOrEqual(1);
            expect(world.timers).toBeLessThanOrEqual(1);
          }
          expect(connectionStates).toContain(state.state);
          expect(world.sockets).toBe(state.socket ? 1 : 0);
          expect(world.timers).toBe(state.retrying ? 1 : 0);
          expect(state.paired).toBe(world.credentials);
          // A socket or a wait exists exactly while the session is wanted.
          expect(state.socket || state.retrying).toBe(state.wanted);
          if (state.state === "connected") expect(state.socket && state.paired).toBe(true);
          if (state.state === "connected" && before.state !== "connected") expect(happened.type).toBe("opened");
          if (["unpaired", "pairing", "logged_out"].includes(state.state) && state.socket)
            expect(state.wanted).toBe(true);
          if (state.state === "logged_out") expect(state.paired).toBe(false);
          if (state.state === "banned" || state.state === "locked") expect(state.wanted).toBe(false);
        }
      }),
      { numRuns: 500 },
    );
  });
});
