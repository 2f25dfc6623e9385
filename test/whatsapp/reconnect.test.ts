import { describe, expect, it } from "vitest";
import { closeAction, defaultReconnect, reconnectWaitMs } from "#whatsapp/reconnect.ts";

describe("close codes: a paired session", () => {
  it.each([
    [401, "clear", "logged_out"],
    [400, "reconnect", "client_refused"],
    [402, "stop", "temporarily_banned"],
    [403, "stop", "locked"],
    [404, "reconnect", "refused"],
    [405, "reconnect", "version_refused"],
    [406, "stop", "banned"],
    [408, "reconnect", "connection_lost"],
    [409, "reconnect", "client_refused"],
    [411, "stop", "multidevice_mismatch"],
    [413, "reconnect", "client_refused"],
    [414, "reconnect", "client_refused"],
    [415, "reconnect", "client_refused"],
    [418, "reconnect", "client_refused"],
    [428, "reconnect", "connection_closed"],
    [429, "reconnect", "rate_limited"],
    [440, "stop", "replaced"],
    [500, "reconnect", "stream_error"],
    [501, "reconnect", "server_unavailable"],
    [503, "reconnect", "server_unavailable"],
    [515, "reconnect", "restart_required"],
    [599, "reconnect", "connection_closed"],
  ])("%i: %s, %s", (statusCode, kind, reason) => {
    expect(closeAction({ statusCode, paired: true, qrShown: false })).toMatchObject({ kind, reason });
  });

  it("no other code than 401 makes the credentials worthless", () => {
    const clearing = Array.from({ length: 500 }, (_, at) => at + 200).filter(
      (statusCode) => closeAction({ statusCode, paired: true, qrShown: false }).kind === "clear",
    );
    expect(clearing).toEqual([401]);
  });

  it("whatever is refused for what we are is asked again after a long wait only", () => {
    const long = Array.from({ length: 100 }, (_, at) => at + 400).filter((statusCode) => {
      const action = closeAction({ statusCode, paired: true, qrShown: false });
      return action.kind === "reconnect" && action.wait === "long";
    });
    const quickOrFinal = [401, 402, 403, 406, 408, 411, 428, 440];
    expect(long).toEqual(Array.from({ length: 100 }, (_, at) => at + 400).filter((c) => !quickOrFinal.includes(c)));
  });

  it("a restriction with an end is waited for, one without is tried again a few times", () => {
    const refusal = { kind: "restricted", code: 402, cause: "strangers", until: 7_200_000 } as const;
    const at = { statusCode: 402, paired: true, qrShown: false };
    expect(closeAction({ ...at, refusal })).toEqual({
      kind: "until",
      state: "restricted",
      reason: "temporarily_banned",
      until: 7_200_000,
    });
    expect(closeAction(at)).toMatchObject({ kind: "stop", state: "restricted", heal: true });
  });

  it.each([
    [408, 2, "connection_lost"],
    [408, 3, "version_suspected"],
    [428, 3, "version_suspected"],
    [503, 3, "server_unavailable"],
  ])("%i for the %ith time right after the hello: %s", (statusCode, earlyCloses, reason) => {
    const action = closeAction({ statusCode, earlyCloses, early: true, paired: true, qrShown: false });
    expect(action).toMatchObject({ kind: "reconnect", reason });
    expect("suspect" in action).toBe(reason === "version_suspected");
  });
});

describe("a refused websocket says nothing about the account", () => {
  it.each([
    [503, "backoff"],
    [500, "backoff"],
    [302, "backoff"],
    [429, "long"],
    [401, "long"],
    [403, "long"],
    [406, "long"],
  ] as const)("HTTP %i: %s", (status, wait) => {
    for (const paired of [true, false]) {
      const close = { statusCode: 428, upgrade: { status, retryAfterMs: 7_000 }, paired, qrShown: paired };
      expect(closeAction(close)).toEqual({ kind: "reconnect", wait, reason: "upgrade_refused", atLeastMs: 7_000 });
    }
  });
});

describe("close codes: an unpaired session", () => {
  it.each([
    [408, true, "pause", "qr_expired"],
    [408, false, "reconnect", "connection_lost"],
    [401, true, "pause", "pairing_failed"],
    [515, true, "reconnect", "restart_required"],
    [503, true, "reconnect", "server_unavailable"],
    [405, false, "reconnect", "version_refused"],
  ])("%i, QR shown %s: %s, %s", (statusCode, qrShown, kind, reason) => {
    expect(closeAction({ statusCode, paired: false, qrShown })).toMatchObject({ kind, reason });
  });

  it("refused as an account: pairing failed, and the next one who asks tries again", () => {
    const refusal = { kind: "locked", code: 403 } as const;
    const close = { statusCode: 403, refusal, paired: false, qrShown: true };
    expect(closeAction(close)).toEqual({ kind: "pause", reason: "pairing_failed" });
  });
});

describe("reconnect waits", () => {
  const latest = (): number => 0.999_999;
  const now = 1_000_000;

  it("after pairing: none", () => {
    expect(reconnectWaitMs(defaultReconnect, { wait: "none", failures: 9, now }, latest)).toBe(0);
  });

  it("after a lost connection: anywhere below a ceiling that doubles up to a minute", () => {
    const waits = [1, 2, 3, 20].map((failures) =>
      reconnectWaitMs(defaultReconnect, { wait: "backoff", failures, now }, latest),
    );
    expect(waits).toEqual([1_000, 2_000, 4_000, 60_000]);
    expect(reconnectWaitMs(defaultReconnect, { wait: "backoff", failures: 20, now }, () => 0)).toBe(0);
  });

  it("refused clients and replaced sessions wait long, never nothing", () => {
    expect(reconnectWaitMs(defaultReconnect, { wait: "long", failures: 1, now }, () => 0)).toBeGreaterThan(40_000);
    expect(reconnectWaitMs(defaultReconnect, { wait: "heal", failures: 1, now }, () => 0)).toBeGreaterThan(600_000);
  });

  it("a client that is refused again and again waits longer each time, up to a quarter of an hour or so", () => {
    const waits = [1, 2, 3, 20].map((failures) =>
      reconnectWaitMs(defaultReconnect, { wait: "long", failures, now }, () => 0.5),
    );
    expect(waits).toEqual([60_000, 120_000, 240_000, 900_000]);
  });

  it("never shorter than the other side asked for", () => {
    const asked = { wait: "backoff", failures: 1, now, atLeastMs: 30_000 } as const;
    expect(reconnectWaitMs(defaultReconnect, asked, latest)).toBe(30_000);
    expect(reconnectWaitMs(defaultReconnect, { ...asked, failures: 20 }, latest)).toBe(60_000);
  });

  it("for a moment: until then and a little, in naps of an hour", () => {
    const until = (ms: number, random = 0): number =>
      reconnectWaitMs(defaultReconnect, { wait: "until", until: now + ms, failures: 1, now }, () => random);
    expect(until(60_000)).toBe(60_000);
    expect(until(60_000, 0.5)).toBe(75_000);
    expect(until(30 * 24 * 3_600_000)).toBe(3_600_000);
    expect(until(-5)).toBe(0);
  });
});
