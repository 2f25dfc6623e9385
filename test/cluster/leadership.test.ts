import { renameSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { acquireLeadership, announceStandby, hasStandby, tryLeadership } from "#cluster/leadership.ts";
import { sleep } from "#lib/sleep.ts";
import { startNode, until } from "../support/processes.ts";

const never = new AbortController().signal;

test("leadership: one at a time, and free again after it was given up", async () => {
  await using dir = await temporaryDir();
  const first = tryLeadership(dir);
  expect(first).toBeDefined();
  expect(tryLeadership(dir)).toBeUndefined();
  await first![Symbol.asyncDispose]();
  await using second = await acquireLeadership({ sleep }, dir, never);
  expect(second.stillHeld()).toBe(true);
});

test("leadership: a waiting standby says so once, and stops waiting when asked", async () => {
  await using dir = await temporaryDir();
  await using leader = tryLeadership(dir)!;
  const stop = new AbortController();
  const standby: string[] = [];
  const waiting = acquireLeadership({ sleep, onStandby: () => standby.push("standby") }, dir, stop.signal);
  await until(() => standby.length > 0, { what: "standby", withinMs: 2_000, everyMs: 1 });
  stop.abort();
  await expect(waiting).rejects.toMatchObject({ code: "unavailable" });
  expect(standby).toEqual(["standby"]);
  expect(leader.stillHeld()).toBe(true);
});

test("leadership: a standby is known as long as it announces itself, and two do not disturb each other", async () => {
  await using dir = await temporaryDir();
  expect(hasStandby(dir)).toBe(false);
  const first = announceStandby(dir);
  const second = announceStandby(dir);
  expect(hasStandby(dir)).toBe(true);
  second[Symbol.dispose]();
  expect(hasStandby(dir)).toBe(true);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  expect(hasStandby(dir)).toBe(false);
});

test("leadership: a replaced lock file is noticed by the one who holds the old one", async () => {
  await using dir = await temporaryDir();
  await using leader = tryLeadership(dir)!;
  renameSync(join(dir.dir, "leader.lock"), join(dir.dir, "taken-away"));
  expect(leader.stillHeld()).toBe(false);
  writeFileSync(join(dir.dir, "leader.lock"), "");
  expect(leader.stillHeld()).toBe(false);
});

test("leadership: a directory that cannot be used is a storage error", async () => {
  await using dir = await temporaryDir();
  writeFileSync(join(dir.dir, "file"), "");
  expect(() => tryLeadership({ dir: join(dir.dir, "file", "below") })).toThrow(
    expect.objectContaining({ code: "storage" }),
  );
  writeFileSync(join(dir.dir, "leader.lock"), "this is no database, and long enough to be looked at".repeat(20));
  expect(() => tryLeadership(dir)).toThrow(expect.objectContaining({ code: "storage" }));
});

test("leadership: the standby takes over well within a second after the leader was killed", async () => {
  await using dir = await temporaryDir();
  const script = "test/cluster/fixtures/leader-process.ts";
  await using leader = startNode([script, dir.dir]);
  await until(() => leader.output().includes("leader"), { what: "the first leads", withinMs: 10_000 });
  await using standby = startNode([script, dir.dir]);
  await until(() => standby.output().includes("standby"), { what: "the second waits", withinMs: 10_000 });
  expect(tryLeadership(dir)).toBeUndefined();

  const killedAt = process.hrtime.bigint();
  leader.kill("SIGKILL");
  await until(() => standby.output().includes("leader"), { what: "the standby leads", withinMs: 5_000 });
  const tookOverAt = BigInt(/leader (\d+)/.exec(standby.output())![1]!);
  expect(Number(tookOverAt - killedAt) / 1e6).toBeLessThan(1_000);
});

async function temporaryDir(): Promise<AsyncDisposable & { readonly dir: string }> {
  const dir = await mkdtemp(join(tmpdir(), "wazapi-leader-"));
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) };
}
