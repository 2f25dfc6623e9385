import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "#lib/log.ts";
import type { LeaseStore } from "#store/leases.ts";
import type { Store } from "#store/store.ts";
import { holdLease, type HeldLease } from "#whatsapp/lease.ts";
import { openTestStore } from "../support/store.ts";
import { handClock } from "./support.ts";

const instanceId = "A".repeat(32);
const name = `instance:${instanceId}`;
const clock = handClock();
let store: Store;
let leases: LeaseStore;
let lost: number;

beforeEach(async () => {
  store = await openTestStore();
  leases = { ...store.leases };
  lost = 0;
});

afterEach(() => store[Symbol.asyncDispose]());

function hold(owner: string, times: { ttlMs?: number; renewMs?: number } = {}): Promise<HeldLease> {
  return holdLease(
    { leases, authState: store.authState, clock, log: silentLog },
    { instanceId, owner, ttlMs: 60_000, renewMs: 60_000, ...times },
    () => {
      lost += 1;
    },
  );
}

describe("session lease", () => {
  it("is given back when it is disposed; the next owner writes with a higher token", async () => {
    const first = await hold("one");
    await expect(hold("two")).rejects.toMatchObject({ code: "lease_lost" });
    await first[Symbol.asyncDispose]();
    await using second = await hold("two");
    expect(second.token).toBeGreaterThan(first.token);
    expect(lost).toBe(0);
  });

  it("declares its token: an owner that was overtaken can write no more", async () => {
    await using first = await hold("one");
    clock.advance(60_001);
    await using second = await hold("two");
    await expect(store.authState.commit({ instanceId, token: first.token })).rejects.toMatchObject({
      code: "lease_lost",
    });
    await store.authState.commit({ instanceId, token: second.token });
  });

  it("is not taken when a higher token was declared already", async () => {
    await store.authState.fence({ instanceId, token: 99 });
    await expect(hold("one")).rejects.toMatchObject({ code: "lease_lost" });
    expect((await leases.get({ name }))?.owner).not.toBe("two");
  });

  it("says once that it is lost when somebody else has it", async () => {
    leases.renew = () => Promise.resolve(false);
    await using held = await hold("one", { renewMs: 1 });
    await expect.poll(() => lost).toBe(1);
    expect(held.token).toBeGreaterThan(0);
  });

  it("survives a store that fails for a while, and is lost when it may have run out", async () => {
    let calls = 0;
    leases.renew = () => {
      calls += 1;
      return Promise.reject(new Error("down"));
    };
    await using held = await hold("one", { ttlMs: 1_000, renewMs: 1 });
    await expect.poll(() => calls).toBeGreaterThan(2);
    expect(lost).toBe(0);
    clock.advance(1_000);
    await expect.poll(() => lost).toBe(1);
    expect(held.token).toBeGreaterThan(0);
  });
});
