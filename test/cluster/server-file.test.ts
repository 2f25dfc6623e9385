import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findServer, writeServerFile } from "#cluster/server-file.ts";
import { startNode } from "../support/processes.ts";

const server = { url: "http://127.0.0.1:8080", pid: process.pid, startedAt: 1_700_000_000_000 };

test("server file: found while the server runs, private, and gone afterwards", async () => {
  await using dir = await temporaryDir();
  expect(await findServer(dir)).toBeUndefined();
  await using file = await writeServerFile({ dir: dir.dir, server });
  expect(await findServer(dir)).toEqual(server);
  expect(await readdir(dir.dir)).toEqual(["server.json"]);
  expect((await stat(join(dir.dir, "server.json"))).mode & 0o777).toBe(0o600);
  await file[Symbol.asyncDispose]();
  expect(await readdir(dir.dir)).toEqual([]);
});

test("server file: a successor's file survives the predecessor", async () => {
  await using dir = await temporaryDir();
  const old = await writeServerFile({ dir: dir.dir, server });
  const successor = { ...server, startedAt: server.startedAt + 1 };
  await using _file = await writeServerFile({ dir: dir.dir, server: successor });
  await old[Symbol.asyncDispose]();
  expect(await findServer(dir)).toEqual(successor);
});

test("server file: one left behind by a process that died is stale", async () => {
  await using dir = await temporaryDir();
  const dead = startNode(["-e", ""]);
  await dead.exited;
  await writeServerFile({ dir: dir.dir, server: { ...server, pid: dead.pid } });
  expect(await findServer(dir)).toBeUndefined();
});

test.each([
  ["no JSON", "{"],
  ["no object", "7"],
  ["no url", '{"pid":1,"startedAt":1}'],
  ["a pid that is none", '{"url":"http://x","pid":-1,"startedAt":1}'],
])("server file: %s is as good as none", async (_name, text) => {
  await using dir = await temporaryDir();
  await writeFile(join(dir.dir, "server.json"), text);
  expect(await findServer(dir, () => true)).toBeUndefined();
});

test("server file: a directory that is not there is an error when writing", async () => {
  await using dir = await temporaryDir();
  await expect(writeServerFile({ dir: join(dir.dir, "nowhere"), server })).rejects.toMatchObject({ code: "ENOENT" });
});

async function temporaryDir(): Promise<AsyncDisposable & { readonly dir: string }> {
  const dir = await mkdtemp(join(tmpdir(), "wazapi-server-"));
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) };
}
