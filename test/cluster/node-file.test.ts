import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { replaceLeader } from "#cluster/node-file.ts";
import { releaseOthers } from "#cluster/release-others.ts";
import { openTestStore } from "../support/store.ts";

test("node file: each leader learns who led before, and what a dead one left half written goes", async () => {
  const dir = await mkdtemp(join(tmpdir(), "wazapi-node-"));
  try {
    expect(await replaceLeader({ dir, nodeId: "one" })).toBeUndefined();
    await writeFile(join(dir, "node.id.0123456789ab"), "half");
    await writeFile(join(dir, "node.id.backup"), "somebody's own");
    expect(await replaceLeader({ dir, nodeId: "two" })).toBe("one");
    expect(await replaceLeader({ dir, nodeId: "three" })).toBe("two");
    expect((await readdir(dir)).sort()).toEqual(["node.id", "node.id.backup"]);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

test("releaseOthers: with a dead node only its leases and its heartbeat go", async () => {
  await using store = await openTestStore();
  const now = 1_000;
  for (const owner of ["dead", "alive"]) {
    await store.leases.acquire({ name: `session/${owner}`, owner, ttlMs: 60_000, now });
    await store.leases.heartbeat({ nodeId: owner, now });
  }
  expect(await releaseOthers(store, { owner: "me", dead: "dead", now })).toBe(1);
  expect(await store.leases.acquire({ name: "session/dead", owner: "me", ttlMs: 60_000, now })).toBeDefined();
  expect(await store.leases.acquire({ name: "session/alive", owner: "me", ttlMs: 60_000, now })).toBeUndefined();
  expect((await store.leases.nodes()).map(({ nodeId }) => nodeId)).toEqual(["alive"]);
  expect(await releaseOthers(store, { owner: "me", now })).toBe(1);
});
