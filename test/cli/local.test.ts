import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { operationTable } from "#http/routes/table.ts";

import { run, temporaryDirectory } from "./support.ts";

const manifest = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8")) as {
  readonly version: string;
};

test("version: the package's, alone on its line", async () => {
  expect(await run(["version"])).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: "" });
  const { stdout } = await run(["version", "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({ version: manifest.version, node: process.versions.node });
});

test("routes: every operation", async () => {
  const { stdout } = await run(["routes", "--json"]);
  const ids = (JSON.parse(stdout) as { id: string }[]).map(({ id }) => id);
  expect(ids).toEqual(operationTable().map(({ id }) => id));
});

test("openapi --json: prints the document and writes nothing", async () => {
  await using directory = await temporaryDirectory();
  const { code, stdout } = await run(["openapi", "--json"], { cwd: directory.path });
  expect([code, JSON.parse(stdout)]).toMatchObject([0, { openapi: "3.1.0", info: { version: manifest.version } }]);
  expect(Object.keys((JSON.parse(stdout) as { webhooks: object }).webhooks)).toContain("DeliveryCallback");
});

test("init: writes settings and tokens, says where, and never overwrites", async () => {
  await using directory = await temporaryDirectory();
  const { path: cwd } = directory;
  const first = await run(["init", "--json"], { cwd });
  const secrets = join(cwd, "wazapi-data", "secrets.json");
  expect([first.code, JSON.parse(first.stdout)]).toMatchObject([
    0,
    { config: { file: join(cwd, "wacli.config.ts"), written: true }, tokens: { file: secrets } },
  ]);
  expect((await stat(secrets)).mode & 0o777).toBe(0o600);
  const before = await readFile(secrets, "utf8");
  for (const token of Object.values(JSON.parse(before) as Record<string, string>)) {
    expect(first.stdout + first.stderr).not.toContain(token);
  }
  await writeFile(join(cwd, "wacli.config.ts"), 'export default { log: { level: "warn" } };\n');
  const again = await run(["init"], { cwd });
  expect([again.code, again.stdout]).toEqual([0, expect.stringContaining("it was there and stays")]);
  expect(await readFile(join(cwd, "wacli.config.ts"), "utf8")).toContain('"warn"');
  expect(await readFile(secrets, "utf8")).toBe(before);
  expect(await run(["config", "check"], { cwd })).toMatchObject({ code: 0, stdout: "ok\n" });
});

test("config check: says which variables have no effect yet", async () => {
  await using directory = await temporaryDirectory();
  const ran = await run(["config", "check"], { cwd: directory.path, env: { NATS_URL: "nats://127.0.0.1:4222" } });
  expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining("NATS_URL (environment) has no effect yet\n") });
});

test("serve: a PostgreSQL that nobody reaches is not looked for in the data directory", async () => {
  await using directory = await temporaryDirectory();
  const env = { POSTGRES_DSN: "postgres://user:password@127.0.0.1:1/db", LOG_LEVEL: "error" };
  const { code, stderr } = await run(["serve", "--port", "0"], { cwd: directory.path, env });
  expect([code, stderr]).toEqual([
    6,
    "wazapi: the database cannot be reached: nothing listens at its address (look at POSTGRES_DSN and at the server it names)\n",
  ]);
});

test("config check: names every mistake with where it is, and the exit code says usage", async () => {
  await using directory = await temporaryDirectory();
  const { path: cwd } = directory;
  await writeFile(join(cwd, "wacli.config.ts"), 'export default { log: { level: "loud" }, colour: "blue" };\n');
  const { code, stdout, stderr } = await run(["config", "check"], { cwd, env: { HTTP_ADDR: "everywhere" } });
  expect([code, stdout]).toEqual([2, ""]);
  for (const part of ["log.level (settings file)", "colour (", "HTTP_ADDR (environment"])
    expect(stderr).toContain(part);
});

test("config print: values with their origin, secrets masked", async () => {
  await using directory = await temporaryDirectory();
  const secret = "a-secret-of-the-operator";
  const env = { CLIENT_AUTH_TOKEN: secret, LOG_LEVEL: "warn" };
  const { code, stdout } = await run(["config", "print", "--data", "elsewhere"], { cwd: directory.path, env });
  expect([code, stdout.split("\n").map((line) => line.split("\t"))]).toMatchObject([
    0,
    expect.arrayContaining([
      ["log.level", "warn", "LOG_LEVEL", "LOG_LEVEL"],
      ["dataDir", join(directory.path, "elsewhere"), "--data", "WAZAPI_DATA_DIR"],
      ["auth.clientToken", "********", "CLIENT_AUTH_TOKEN", "CLIENT_AUTH_TOKEN"],
    ]),
  ]);
  expect(stdout).not.toContain(secret);
});

test("config print --docs: a Markdown table", async () => {
  const { stdout } = await run(["config", "print", "--docs"]);
  expect(stdout).toContain("| option | environment | default | meaning |");
});

test("errors: an unexpected one shows its stack only with LOG_LEVEL=debug", async () => {
  await using directory = await temporaryDirectory();
  // A settings file that fails by itself.
  await writeFile(join(directory.path, "wacli.config.ts"), "throw new Error('broken by hand');\n");
  const quiet = await run(["config", "check"], { cwd: directory.path });
  const loud = await run(["config", "check"], { cwd: directory.path, env: { LOG_LEVEL: "debug" } });
  expect([quiet.code, quiet.stderr.trim().split("\n")]).toEqual([2, [expect.stringContaining("broken by hand")]]);
  expect(loud.stderr).toContain("\n    at ");
});
