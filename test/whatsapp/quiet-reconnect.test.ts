import { describe, expect, it } from "vitest";
import { createQuietReconnect, type Announcement } from "#whatsapp/intake/quiet-reconnect.ts";

const at = 0;
const base = { instanceId: "I", own: { phone: "1" }, journalIds: [], offline: false };
const down: Announcement = { ...base, captured: { kind: "disconnected", reason: "stream_error", error: "", at } };
const up: Announcement = { ...base, captured: { kind: "connected", phone: "1", at } };

function told(waitMs: number) {
  const said: string[] = [];
  const stop = new AbortController();
  const announce = createQuietReconnect(({ captured }) => void said.push(captured.kind), waitMs, stop.signal);
  return { said, announce, stop };
}

describe("a harmless end of a connection", () => {
  it("of which it is back in time is told to nobody, nor is its return", () => {
    const { said, announce } = told(60_000);
    announce(down, { quiet: true });
    announce(up, { quiet: false });
    expect(said).toEqual([]);
    announce(down, { quiet: false });
    announce(up, { quiet: false });
    expect(said).toEqual(["disconnected", "connected"]);
  });

  it("that lasts is told, late, and so is the return", async () => {
    const { said, announce } = told(1);
    announce(down, { quiet: true });
    await expect.poll(() => said).toEqual(["disconnected"]);
    announce(up, { quiet: false });
    expect(said).toEqual(["disconnected", "connected"]);
  });

  it("is told before a worse one", () => {
    const { said, announce, stop } = told(60_000);
    announce(down, { quiet: true });
    announce(down, { quiet: false });
    expect(said).toEqual(["disconnected", "disconnected"]);
    stop.abort();
  });
});
