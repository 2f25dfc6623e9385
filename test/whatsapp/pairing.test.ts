import { describe, expect, it } from "vitest";
import { createPairing } from "#whatsapp/pairing.ts";
import { handClock } from "./support.ts";

const never = new AbortController().signal;

describe("QR tickets", () => {
  it("the first lives a minute, the others twenty seconds", async () => {
    const clock = handClock(0);
    const pairing = createPairing(clock, {});
    pairing.offer("one");
    expect(await pairing.ticket(never)).toEqual({ qr: "one", expiresAt: 60_000 });
    pairing.offer("two");
    expect(await pairing.ticket(never)).toEqual({ qr: "two", expiresAt: 20_000 });
  });

  it("who asks after its time waits for the next one", async () => {
    const clock = handClock(0);
    const pairing = createPairing(clock, { qrTimeoutMs: 50 });
    pairing.offer("old");
    clock.advance(50);
    const next = pairing.ticket(never);
    expect(pairing.awaited()).toBe(true);
    pairing.offer("new");
    expect(await next).toMatchObject({ qr: "new" });
    expect(pairing.awaited()).toBe(false);
  });

  it("a ticket dies with its socket, and waiting ends with the caller", async () => {
    const pairing = createPairing(handClock(0), {});
    pairing.offer("gone");
    pairing.withdraw();
    const caller = new AbortController();
    const waiting = pairing.ticket(caller.signal);
    caller.abort();
    expect(await waiting).toBeUndefined();
    expect(await pairing.ticket(caller.signal)).toBeUndefined();
    expect(pairing.awaited()).toBe(false);
  });
});
