import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LoadInput, loadConfig } from "#config/load.ts";
import { WazapiError } from "#domain/errors.ts";

let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "wazapi-config-"));
  writeFileSync(join(dir, "there.ts"), "");
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Loads with this settings file, flags and environment. */
function load(input: {
  file?: unknown;
  flags?: LoadInput["flags"];
  env?: LoadInput["env"];
  files?: Record<string, string>;
}) {
  return loadConfig({
    flags: input.flags ?? {},
    env: input.env ?? {},
    cwd: dir,
    ...(input.file === undefined ? {} : { configPath: "there.ts", readConfig: () => input.file }),
    readFile: (path) => {
      const content = input.files?.[path];
      if (content === undefined) throw Object.assign(new Error("no such file"), { code: "ENOENT" });
      return content;
    },
  });
}

/** The complaints about these settings. */
function problemsOf(input: Parameters<typeof load>[0]): readonly string[] {
  try {
    load(input);
  } catch (error) {
    expect(error).toBeInstanceOf(WazapiError);
    const { code, details } = error as WazapiError;
    expect(code).toBe("invalid_config");
    return details["problems"] as readonly string[];
  }
  return [];
}

describe("loadConfig", () => {
  it("without anything every option has its default and every group is there", () => {
    const { config, sources, file } = load({});
    expect(config.http.addr).toEqual({ host: "127.0.0.1", port: 8_080 });
    expect(config.dataDir).toBe(join(dir, "wazapi-data"));
    expect(config.auth).toEqual({});
    expect(config.sandbox).toEqual({});
    expect(new Set([...sources.values()].map(({ from }) => from))).toEqual(new Set(["default"]));
    expect(file).toBeUndefined();
  });

  it("a flag wins over the environment, that over the file, that over the default", () => {
    const file = { log: { level: "error" }, metrics: { enabled: false }, reconcile: { everyMs: "20s" } };
    const env = { LOG_LEVEL: "warn", PROMETHEUS_ENABLED: "yes" };
    const { config, sources } = load({ file, env, flags: { "log.level": "debug" } });
    expect(config.log.level).toBe("debug");
    expect(sources.get("log.level")).toEqual({ from: "flag", name: "--log.level" });
    expect(config.metrics.enabled).toBe(true);
    expect(sources.get("metrics.enabled")).toEqual({ from: "env", name: "PROMETHEUS_ENABLED" });
    expect(config.reconcile.everyMs).toBe(20_000);
    expect(sources.get("reconcile.everyMs")).toEqual({ from: "file", name: "reconcile.everyMs" });
    expect(sources.get("log.format")?.from).toBe("default");
  });

  it("a blank variable counts as unset", () => {
    expect(
      load({ env: { LOG_LEVEL: "  ", CLIENT_AUTH_TOKEN: "" }, file: { log: { level: "warn" } } }).config.log.level,
    ).toBe("warn");
  });

  it("an alias is read, and its own name beside it is a contradiction", () => {
    const dsn = "postgres://a@b/c";
    const env = { POSTGRES_DSN: dsn, SESSION_POSTGRES_DSN: dsn };
    expect(load({ env }).config.store.sessionPostgresDsn).toBe(dsn);
    expect(problemsOf({ env: { ...env, WHATSMEOW_POSTGRES_DSN: dsn } })).toEqual([
      "WHATSMEOW_POSTGRES_DSN (environment) is set beside SESSION_POSTGRES_DSN; keep one of them",
    ]);
  });

  it("a session database is refused without a main one", () => {
    expect(problemsOf({ env: { WHATSMEOW_POSTGRES_DSN: "postgres://a@b/c" } })).toEqual([
      "WHATSMEOW_POSTGRES_DSN (environment, store.sessionPostgresDsn) needs POSTGRES_DSN beside it",
    ]);
  });

  it("--host and --port change one half of the address each", () => {
    const env = { HTTP_ADDR: "10.0.0.1:90" };
    expect(load({ env, flags: { port: "91" } }).config.http.addr).toEqual({ host: "10.0.0.1", port: 91 });
    expect(load({ env, flags: { host: "::1" } }).config.http.addr).toEqual({ host: "::1", port: 90 });
    expect(load({ flags: { host: "0.0.0.0", port: 1 } }).config.http.addr).toEqual({ host: "0.0.0.0", port: 1 });
    expect(problemsOf({ flags: { port: "many" } })[0]).toMatch(/^--port \(command line\) must be HOST:PORT/);
  });

  describe("secrets", () => {
    const token = "a token that is long enough";

    it("are read from the file that the variable names, without its last line break", () => {
      const { config, sources } = load({
        env: { CLIENT_AUTH_TOKEN_FILE: "/run/secrets/client" },
        files: { "/run/secrets/client": `${token}\n` },
      });
      expect(config.auth.clientToken).toBe(token);
      expect(sources.get("auth.clientToken")).toEqual({ from: "env", name: "CLIENT_AUTH_TOKEN_FILE" });
    });

    it.each([
      [
        "a missing file",
        { CLIENT_AUTH_TOKEN_FILE: "/none" },
        "CLIENT_AUTH_TOKEN_FILE (environment) names /none, which cannot be read (ENOENT)",
      ],
      [
        "an empty file",
        { CLIENT_AUTH_TOKEN_FILE: "/empty" },
        "CLIENT_AUTH_TOKEN_FILE (environment) names /empty, which is empty",
      ],
      [
        "both",
        { CLIENT_AUTH_TOKEN_FILE: "/x", CLIENT_AUTH_TOKEN: token },
        "CLIENT_AUTH_TOKEN (environment) is set beside CLIENT_AUTH_TOKEN_FILE; keep one of them",
      ],
    ])("%s is an error", (_, env, problem) => {
      expect(problemsOf({ env, files: { "/empty": " \n" } })).toEqual([problem]);
    });

    it("only they have a file", () => {
      expect(problemsOf({ env: { WAZAPI_DATA_DIR_FILE: "/x" } })).toEqual([
        "WAZAPI_DATA_DIR_FILE (environment) is no setting of wazapi; did you mean WAZAPI_DATA_DIR?",
      ]);
    });

    it("never appear in a message", () => {
      const env = {
        CLIENT_AUTH_TOKEN: "shortsecret",
        POSTGRES_DSN: "mysql://u:hiddenword@h/d",
        WAZAPI_SECRET_KEY: "hiddenkey",
      };
      const file = { auth: { partnerToken: "fromfile" } };
      const problems = problemsOf({ env, file });
      expect(problems).toHaveLength(4);
      expect(problems.join()).not.toMatch(/shortsecret|hiddenword|hiddenkey|fromfile/);
    });
  });

  describe("mistakes", () => {
    it("are listed together, each with its place and what is wrong", () => {
      const problems = problemsOf({
        env: { LOG_LEVEL: "verbose", WAZAPI_PACE_MN: "1s", WAZAPI_WEBHOOK_TIMEOUT: "15" },
        file: { health: { minFreeDiskBytes: "much" }, http: { adr: "x" }, queu: {}, log: "loud" },
        flags: { "sandbox.url": "yes" },
      });
      expect(problems.map((problem) => problem.replace(join(dir, "there.ts"), "FILE"))).toEqual([
        "http.adr (FILE) is no setting of wazapi; did you mean http.addr?",
        "queu (FILE) is no setting of wazapi",
        "log (settings file) must be an object with settings",
        "WAZAPI_PACE_MN (environment) is no setting of wazapi; did you mean WAZAPI_PACE_MIN?",
        'LOG_LEVEL (environment, log.level) must be one of debug, info, warn, error; it is "verbose"',
        expect.stringMatching(/^health.minFreeDiskBytes \(settings file\) must be .*; it is "much"$/),
        '--sandbox (command line) must be a URL that begins with http://, or the word start; it is "yes"',
        'WAZAPI_WEBHOOK_TIMEOUT (environment, webhooks.timeoutMs) must be a length of time with its unit, like 250ms, 15s, 10m, 24h or 7d; it is "15"',
      ]);
    });

    it("a lower end above its upper end", () => {
      expect(problemsOf({ env: { WAZAPI_PACE_MIN: "5s" } })).toEqual([
        "WAZAPI_PACE_MIN (environment, queue.pace.minMs) must not exceed queue.pace.maxMs",
      ]);
    });

    it("a settings file that is not there", () => {
      expect(() => loadConfig({ flags: {}, env: {}, cwd: dir, configPath: "other.ts" })).toThrow(
        `there is no settings file ${join(dir, "other.ts")}`,
      );
    });

    it.each([[[]], ["text"], [null]])("a file that exports %j", (file) => {
      expect(problemsOf({ file })).toEqual(["its default export must be an object with settings"]);
    });

    it("variables that Kubernetes or Docker add for a service of that name are none", () => {
      const env = {
        WAZAPI_SERVICE_HOST: "10.0.0.1",
        WAZAPI_SERVICE_PORT: "8080",
        WAZAPI_SERVICE_PORT_HTTP: "8080",
        WAZAPI_PORT: "tcp://10.0.0.1:8080",
        WAZAPI_PORT_8080_TCP: "tcp://10.0.0.1:8080",
        WAZAPI_PORT_8080_TCP_ADDR: "10.0.0.1",
        WAZAPI_API_SERVICE_HOST: "10.0.0.1",
        WAZAPI_URL: "http://127.0.0.1:8080",
      };
      expect(problemsOf({ env })).toEqual([]);
    });
  });

  it("names the variables that are set and that nothing reads yet", () => {
    const env = { REDIS_ADDR: "127.0.0.1:6379", NATS_URL: " ", LOG_LEVEL: "info" };
    expect([load({ env }).withoutEffect, load({}).withoutEffect]).toEqual([["REDIS_ADDR"], []]);
  });

  describe("paths", () => {
    it("count from the working directory in the environment, from the file in the file", () => {
      expect(load({ env: { WAZAPI_DATA_DIR: "data" } }).config.dataDir).toBe(join(dir, "data"));
      expect(load({ env: { WAZAPI_DATA_DIR: "/data" } }).config.dataDir).toBe("/data");
      const deep = loadConfig({
        flags: {},
        env: {},
        cwd: "/",
        configPath: join(dir, "there.ts"),
        readConfig: () => ({ dataDir: "data" }),
      });
      expect(deep.config.dataDir).toBe(join(dir, "data"));
    });
  });

  describe("defaults that depend on other settings", () => {
    const sandbox = { WAZAPI_SANDBOX_URL: "http://127.0.0.1:9" };

    it("no pace with a sandbox, unless one is asked for", () => {
      expect(load({}).config.queue.pace).toEqual({ minMs: 1_000, maxMs: 3_000 });
      expect(load({ env: sandbox }).config.queue.pace).toEqual({ minMs: 0, maxMs: 0 });
      expect(load({ env: { ...sandbox, WAZAPI_PACE_MIN: "2s" } }).config.queue.pace).toEqual({
        minMs: 2_000,
        maxMs: 2_000,
      });
      expect(load({ env: { ...sandbox, WAZAPI_PACE_MAX: "2s" } }).config.queue.pace).toEqual({
        minMs: 0,
        maxMs: 2_000,
      });
    });

    it("this machine may be called while only it can call", () => {
      expect(load({}).config.outbound.allowLoopback).toBe(true);
      expect(load({ env: { HTTP_ADDR: "0.0.0.0:80" } }).config.outbound.allowLoopback).toBe(false);
      expect(load({ env: { WAZAPI_ALLOW_LOOPBACK: "no" } }).config.outbound.allowLoopback).toBe(false);
    });
  });
});
