import { describe, expect, it } from "vitest";
import { closeAction, defaultReconnect, reconnectWaitMs } from "#whatsapp/reconnect.ts";

describe("close codes: a paired session", () => {
  it.each([
    [401, "clear", "logged_out"],
    [402, "stop", "temporarily_banned"],
    [403, "stop", "banned"],
    [405, "reconnect", "client_refused"],
    [406, "clear", "logged_out"],
    [408, "reconnect", "connection_lost"],
    [411, "stop", "multidevice_mismatch"],
    [428, "reconnect", "connection_closed"],
    [440, "stop", "replaced"],
    [500, "reconnect", "stream_error"],
    [503, "reconnect", "server_unavailable"],
    [515, "reconnect", "restart_required"],
    [599, "reconnect", "connection_closed"],
  ])("%i: %s, %s", (statusCode, kind, reason) => {
    expect(closeAction({ statusCode, paired: true, qrShown: false })).toMatchObject({ kind, reason });
  });
});

describe("close codes: an unpaired session", () => {
  it.each([
    [408, true, "pause", "qr_expired"],
    [408, false, "reconnect", "connection_lost"],
    [401, true, "pause", "pairing_failed"],
    [515, true, "reconnect", "restart_required"],
    [503, true, "reconnect", "server_unavailable"],
  ])("%i, QR shown %s: %s, %s", (statusCode, qrShown, kind, reason) => {
    expect(closeAction({ statusCode, paired: false, qrShown })).toMatchObject({ kind, reason });
  });
});

describe("reconnect waits", () => {
  const latest = (): number => 0.999_999;

  it("after pairing: none", () => {
    expect(reconnectWaitMs(defaultReconnect, { wait: "none", failures: 9 }, latest)).toBe(0);
  });

  it("after a lost connection: anywhere below a ceiling that doubles up to a minute", () => {
    const waits = [1, 2, 3, 20].map((failures) =>
      reconnectWaitMs(defaultReconnect, { wait: "backoff", failures }, latest),
    );
    expect(waits).toEqual([1_000, 2_000, 4_000, 60_000]);
    expect(reconnectWaitMs(defaultReconnect, { wait: "backoff", failures: 20 }, () => 0)).toBe(0);
  });

  it("refused clients and replaced sessions wait long, never nothing", () => {
    expect(reconnectWaitMs(defaultReconnect, { wait: "long", failures: 1 }, () => 0)).toBeGreaterThan(40_000);
    expect(reconnectWaitMs(defaultReconnect, { wait: "heal", failures: 1 }, () => 0)).toBeGreaterThan(600_000);
  });
});
