import { globSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openApp } from "#app.ts";
import { loadConfig } from "#config/load.ts";
import { allOptions } from "#config/options.ts";
import type { Config } from "#config/schema.ts";
import { systemClock } from "#lib/clock.ts";
import { silentLog } from "#lib/log.ts";
import { projectRoot } from "../support/processes.ts";

/** Options that the command line reads, as it hands a group on: the text that does it. */
const readByCommands: Readonly<Record<string, RegExp>> = {
  log: /createLog\(config\.log\b/,
  sentry: /startSentry\([\s\S]{0,80}config\.sentry\b/,
};

/** The settings, noting which of them anybody looks at. */
function recorded(config: Config, reads: Set<string>): Config {
  const wrap = (group: object, prefix: string): object =>
    new Proxy(group, {
      get: (target, name, receiver) => {
        const value: unknown = Reflect.get(target, name, receiver);
        if (typeof name !== "string") return value;
        reads.add(prefix + name);
        const isGroup = typeof value === "object" && value !== null && !Array.isArray(value);
        return isGroup ? wrap(value, `${prefix}${name}.`) : value;
      },
    });
  return wrap(config, "") as Config;
}

it("every option is read by something", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "wazapi-reads-"));
  try {
    const env = { WAZAPI_DATA_DIR: dataDir, HTTP_ADDR: "127.0.0.1:0", LOG_LEVEL: "error" };
    const reads = new Set<string>();
    const config = recorded(loadConfig({ flags: {}, env, cwd: dataDir }).config, reads);
    const app = await openApp(
      config,
      { log: silentLog, clock: systemClock, version: "0" },
      new AbortController().signal,
    );
    // Some are looked at only when somebody asks how the server is.
    await (await fetch(`${app.url()}/ready`)).text();
    await app.close();

    const sources = globSync("src/**/*.ts", { cwd: projectRoot })
      .filter((file) => !file.startsWith("src/config/"))
      .map((file) => readFileSync(join(projectRoot, file), "utf8"));
    const occurs = (pattern: RegExp): boolean => sources.some((source) => pattern.test(source));
    const isRead = (path: string): boolean => {
      const names = path.split(".");
      const [group = "", leaf = group] = [names[0], names.at(-1)];
      const byCommand = readByCommands[group];
      if (byCommand !== undefined) return occurs(byCommand);
      // Copying a whole group looks at everything in it; somebody has to know the name as well.
      if (reads.has(path)) return occurs(new RegExp(`\\b${leaf}\\b`));
      // A group that is handed on, read later or not in this run: somebody asks it for this very name.
      const parent = names.at(-2);
      const asked = new RegExp(`\\b${parent}\\.${leaf}\\b|\\b${leaf}\\b[^{}]*\\}\\s*=\\s*[\\w.]*\\b${parent}\\b`);
      return reads.has(group) && occurs(asked);
    };
    const unread = allOptions()
      .filter(({ path }) => !isRead(path))
      .map(({ path }) => path);
    expect(unread).toEqual([]);
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
});
