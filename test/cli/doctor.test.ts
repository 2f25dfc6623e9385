import { once } from "node:events";
import { chmod, open, readdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { afterAll, beforeAll, expect, test } from "vitest";

import type { CheckName, Finding } from "#cli/doctor/finding.ts";
import { reach } from "#cli/doctor/outside.ts";

import { describeOnPostgres, openStoreAt } from "../support/postgres.ts";
import { freePort } from "../support/processes.ts";
import { startS3Server } from "../support/s3-server.ts";
import { openTestSandbox } from "../support/sandbox.ts";
import { openTestStore } from "../support/store.ts";
import { bucketEnv, makeData, reportOf, secrets } from "./doctor-support.ts";
import type { Report } from "./doctor-support.ts";
import { run, temporaryDirectory } from "./support.ts";

const parts = new AsyncDisposableStack();
let sandboxUrl = "";
beforeAll(async () => {
  sandboxUrl = parts.use(await openTestSandbox()).url;
});
afterAll(() => parts.disposeAsync());

/** A report on the directory `data` in `cwd`, of a machine where all else is well. */
async function examined(cwd: string, env: Readonly<Record<string, string>> = {}): Promise<Report> {
  return reportOf((argv, options) => run(argv, { cwd, ...options }), { WAZAPI_SANDBOX_URL: sandboxUrl, ...env });
}

test("an empty directory: all is well, nothing is made, and a terminal gets a table", async () => {
  // On a disk; what tests keep otherwise may lie in memory, which the doctor warns of.
  await using directory = await temporaryDirectory("/var/tmp");
  const { ok, of } = await examined(directory.path);
  expect(ok).toBe(true);
  for (const name of ["dataDirectory", "secrets", "database"] as const) {
    expect(of(name)).toMatchObject([{ status: "ok", found: expect.stringContaining("made at the first start") }]);
  }
  expect(of("program")).toMatchObject([{ status: "ok", found: expect.stringContaining(process.versions.node) }]);
  expect(of("whatsapp")).toMatchObject([{ status: "ok", found: expect.stringContaining(sandboxUrl) }]);
  expect(of("connections")).toEqual([]);
  expect(await readdir(directory.path)).toEqual([]);
  const { stdout, stderr } = await run(["doctor"], {
    cwd: directory.path,
    env: { HTTP_ADDR: "127.0.0.1:0", WAZAPI_SANDBOX_URL: sandboxUrl, WAZAPI_FFMPEG: "none" },
    terminal: { columns: 120, rows: 40 },
  });
  expect(stdout).toMatch(
    /^ +CHECK +FOUND\n(.*\n)*warn +sounds and films +nothing converts them.*\n +→ take WAZAPI_FFMPEG/,
  );
  expect(stderr).toBe("0 failed, 1 to look at\n");
});

/** What is broken, how, and what the report says. `env` may depend on what was made. */
const broken: readonly {
  readonly name: string;
  readonly check: CheckName;
  readonly says: Partial<Record<keyof Finding, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly make?: (cwd: string) => Promise<void>;
}[] = [
  {
    name: "a mistake in the settings",
    check: "settings",
    env: { HTTP_ADDR: "everywhere" },
    says: { status: "fail", found: expect.stringContaining("HTTP_ADDR (environment") },
  },
  {
    name: "a variable that nothing reads",
    check: "settings",
    env: { NATS_URL: "nats://localhost" },
    says: { status: "warn", about: "NATS_URL" },
  },
  {
    name: "a data directory below a file",
    check: "dataDirectory",
    env: { WAZAPI_DATA_DIR: "file/data" },
    make: async (cwd) => writeFile(join(cwd, "file"), ""),
    says: { status: "fail", found: expect.stringContaining("a part of the path is a file") },
  },
  {
    name: "a data directory that is a file",
    check: "dataDirectory",
    make: async (cwd) => writeFile(join(cwd, "data"), ""),
    says: { status: "fail" },
  },
  {
    name: "a data directory that everybody may write",
    check: "dataDirectory",
    make: async (cwd) => void (await makeData(cwd, 0o777)),
    says: { status: "fail", help: expect.stringContaining("chmod 700") },
  },
  {
    name: "a data directory that others may look into",
    check: "dataDirectory",
    make: async (cwd) => void (await makeData(cwd, 0o755)),
    says: { status: "warn", help: expect.stringContaining("chmod 700") },
  },
  {
    name: "a full disk",
    check: "disk",
    env: { WAZAPI_MIN_FREE_DISK: "900000GiB" },
    says: { status: "fail", found: expect.stringContaining("are free") },
  },
  {
    name: "secrets that others can read",
    check: "secrets",
    make: async (cwd) => writeSecrets(cwd, "{}", 0o644),
    says: { status: "fail", help: expect.stringContaining("chmod 600") },
  },
  {
    name: "damaged secrets",
    check: "secrets",
    make: async (cwd) => writeSecrets(cwd, "{", 0o600),
    says: { status: "fail", found: expect.stringContaining("damaged") },
  },
  {
    name: "a database without its key",
    check: "secrets",
    make: makeDatabase,
    says: { status: "fail", found: expect.stringContaining("no ") },
  },
  {
    name: "a key that is another one's",
    check: "database",
    env: { WAZAPI_SECRET_KEY: "ab".repeat(32) },
    make: makeDatabase,
    says: { status: "fail", found: expect.stringContaining("not the one that sealed") },
  },
  {
    name: "a file that is no database",
    check: "database",
    make: async (cwd) => {
      await makeData(cwd, 0o700);
      await writeFile(join(cwd, "data", "wazapi.db"), "no database ".repeat(1000));
    },
    says: { status: "fail", found: expect.stringContaining("not a database") },
  },
  {
    name: "a database with damaged pages",
    check: "database",
    make: async (cwd) => {
      await makeDatabase(cwd);
      await using file = await open(join(cwd, "data", "wazapi.db"), "r+");
      const { size } = await file.stat();
      for (let at = 4096 * 10; at < size; at += 4096) await file.write(Buffer.alloc(4096, 0xa5), 0, 4096, at);
    },
    says: { status: "fail", help: expect.stringContaining("restore a backup") },
  },
  {
    name: "a database of a newer version",
    check: "database",
    make: async (cwd) => {
      await makeDatabase(cwd);
      using db = new DatabaseSync(join(cwd, "data", "wazapi.db"));
      db.exec("INSERT INTO schema_migrations VALUES (9999, '9999_future.sql', 0)");
    },
    says: { status: "fail", found: expect.stringContaining("schema 9999") },
  },
  {
    name: "a server that does not answer",
    check: "server",
    make: async (cwd) => {
      await makeData(cwd, 0o700);
      const server = { url: `http://127.0.0.1:${await freePort()}`, pid: process.pid, startedAt: 0 };
      await writeFile(join(cwd, "data", "server.json"), JSON.stringify(server));
    },
    says: { status: "fail", found: expect.stringContaining("does not answer as a server") },
  },
  {
    name: "an address of another machine",
    check: "port",
    // TEST-NET-1: nobody's.
    env: { HTTP_ADDR: "192.0.2.1:8080" },
    says: { status: "fail", found: expect.stringContaining("no such address") },
  },
  {
    name: "a sandbox that is away",
    check: "whatsapp",
    env: { WAZAPI_SANDBOX_URL: "http://127.0.0.1:1" },
    says: { status: "fail", found: "no sandbox answers at http://127.0.0.1:1" },
  },
  {
    name: "no ffmpeg",
    check: "converter",
    env: { WAZAPI_FFMPEG: "none" },
    says: {
      status: "warn",
      found: expect.stringContaining("not as voice notes"),
      help: expect.stringContaining("none"),
    },
  },
  {
    name: "an ffmpeg that is none",
    check: "converter",
    env: { WAZAPI_FFMPEG: process.execPath },
    says: { status: "warn", found: expect.stringContaining("is no ffmpeg") },
  },
  {
    name: "a bucket that nobody keeps",
    check: "bucket",
    env: { ...bucketEnv("http://127.0.0.1:1") },
    says: { status: "fail", found: expect.stringContaining("nothing listens") },
  },
  {
    name: "links to an address that is nobody's",
    check: "mediaLinks",
    env: { HTTP_ADDR: "0.0.0.0:0" },
    says: { status: "warn", help: expect.stringContaining("PUBLIC_URL") },
  },
];

test.each(broken)("$name", async ({ check, env = {}, make, says }) => {
  await using directory = await temporaryDirectory();
  await make?.(directory.path);
  const before = await treeOf(directory.path);
  const { of, text } = await examined(directory.path, env);
  expect(of(check), text).toContainEqual(expect.objectContaining(says));
  expect(await treeOf(directory.path)).toEqual(before);
});

test("a database that is well: its schema and size, and no file beside it", async () => {
  await using directory = await temporaryDirectory();
  await makeDatabase(directory.path);
  const { of, ok, text } = await examined(directory.path, secrets);
  expect(ok, text).toBe(true);
  expect(of("database")).toMatchObject([
    { status: "ok", found: expect.stringMatching(/^SQLite, schema \d+, .*whole$/) },
  ]);
  expect(await readdir(join(directory.path, "data"))).toEqual(["wazapi.db"]);
});

test("a database in use: what is only in its journal counts too", async () => {
  await using directory = await temporaryDirectory();
  const path = await makeData(directory.path, 0o700);
  await using store = await openTestStore(join(path, "wazapi.db"));
  await store.check();
  const { of } = await examined(directory.path, secrets);
  expect(of("database")).toMatchObject([{ status: "ok", found: expect.stringContaining("whole") }]);
});

test("a port that is taken", async () => {
  await using directory = await temporaryDirectory();
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const { of } = await examined(directory.path, { HTTP_ADDR: `127.0.0.1:${port}` });
  other.close();
  expect(of("port")).toMatchObject([
    { status: "fail", found: expect.stringContaining("another program listens there") },
  ]);
});

test("reach: a closed port has no way to it, and one without TLS is something else", async () => {
  const signal = new AbortController().signal;
  expect(await reach({ host: "127.0.0.1", port: await freePort() }, signal)).toMatchObject({
    status: "fail",
    found: expect.stringContaining("no way to it (ECONNREFUSED)"),
  });
  const plain = createServer((socket) => {
    socket.on("error", () => {});
    socket.resume().end("HTTP/1.1 400 Bad Request\r\n\r\n");
  }).listen(0, "127.0.0.1");
  await once(plain, "listening");
  const { port } = plain.address() as AddressInfo;
  expect(await reach({ host: "127.0.0.1", port }, signal)).toMatchObject({
    status: "fail",
    found: expect.stringContaining("something else answers"),
  });
  plain.close();
});

test("a bucket: there, closed to these keys, missing; nothing is put into it", async () => {
  await using directory = await temporaryDirectory();
  await using s3 = await startS3Server();
  const found = async (env: Readonly<Record<string, string>> = {}) =>
    (await examined(directory.path, { ...bucketEnv(s3.url), ...env })).of("bucket");
  expect(await found()).toMatchObject([{ status: "ok" }]);
  expect(await found({ S3_SECRET_ACCESS_KEY: "another" })).toMatchObject([
    { status: "fail", found: expect.stringContaining("does not let us in") },
  ]);
  s3.setBucket(false);
  expect(await found()).toMatchObject([{ status: "fail", found: "there is no bucket media" }]);
  expect(s3.keys()).toEqual([]);
});

test("a server that takes the connection and says nothing is given up in time", async () => {
  await using directory = await temporaryDirectory();
  const mute = createServer().listen(0, "127.0.0.1");
  await once(mute, "listening");
  const sockets: { destroy: () => unknown }[] = [];
  mute.on("connection", (socket) => void sockets.push(socket));
  const { port } = mute.address() as AddressInfo;
  const before = performance.now();
  const { of } = await examined(directory.path, {
    WAZAPI_URL: `http://127.0.0.1:${port}`,
    ...bucketEnv(`http://127.0.0.1:${port}`),
  });
  const tookMs = performance.now() - before;
  for (const socket of sockets) socket.destroy();
  mute.close();
  expect(of("server")).toMatchObject([{ status: "fail", found: expect.stringContaining("in time") }]);
  expect(of("bucket")).toMatchObject([{ status: "fail", found: expect.stringContaining("in time") }]);
  // Ten seconds on a machine that has nothing else to do.
  expect(tookMs).toBeLessThan(20_000);
}, 60_000);

await describeOnPostgres("doctor on PostgreSQL", (postgres) => {
  test("version and schema, the key, and why it does not answer", async () => {
    await using directory = await temporaryDirectory();
    await using place = postgres.newSchema();
    await (await openStoreAt(place))[Symbol.asyncDispose]();
    const url = new URL(postgres.dsn);
    url.searchParams.set("options", `-c search_path=${place.schema}`);
    const found = async (env: Readonly<Record<string, string>> = {}) =>
      (await examined(directory.path, { ...secrets, POSTGRES_DSN: url.href, ...env })).of("database");
    expect(await found()).toMatchObject([
      { about: "main", found: expect.stringMatching(/^PostgreSQL .*schema [1-9]/) },
    ]);
    expect(await found({ WAZAPI_SECRET_KEY: "ab".repeat(32) })).toContainEqual(
      expect.objectContaining({ status: "fail", found: expect.stringContaining("not the one that sealed") }),
    );
    url.port = "1";
    expect(await found()).toMatchObject([{ status: "fail", found: expect.stringContaining("nothing listens") }]);
  });
});

async function writeSecrets(cwd: string, text: string, mode: number): Promise<void> {
  const path = join(await makeData(cwd, 0o700), "secrets.json");
  await writeFile(path, text);
  await chmod(path, mode);
}

async function makeDatabase(cwd: string): Promise<void> {
  const path = await makeData(cwd, 0o700);
  await (await openTestStore(join(path, "wazapi.db")))[Symbol.asyncDispose]();
}

/** Every file below with what is in it. */
async function treeOf(path: string): Promise<readonly (readonly [string, string])[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(files.sort().map(async (file) => [file, await readFile(file, "base64")] as const));
}
