import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readConfigFile } from "#config/config-file.ts";
import { loadConfig } from "#config/load.ts";
import { projectRoot } from "../support/processes.ts";

let dir = "";
let written = 0;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "wazapi-config-file-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Writes a settings file into a directory of its own and answers its path. */
function fileWith(source: string, beside: Readonly<Record<string, string>> = {}): string {
  written += 1;
  const own = join(dir, String(written));
  mkdirSync(own);
  for (const [name, content] of Object.entries(beside)) writeFileSync(join(own, name), content);
  writeFileSync(join(own, "wacli.config.ts"), source);
  return join(own, "wacli.config.ts");
}

const own = 'import { defineConfig } from "wazapi";\n';

describe("readConfigFile", () => {
  it("runs TypeScript with no package beside it", () => {
    const source = `${own}const level: string = "warn";\nexport default defineConfig({ log: { level } });`;
    expect(readConfigFile(fileWith(source))).toEqual({ log: { level: "warn" } });
  });

  it("follows imports of other files", () => {
    const extra = { "extra.ts": "export const name: string = 'x';" };
    const source = `${own}import { name } from "./extra.ts";\nexport default defineConfig({ dataDir: name });`;
    expect(readConfigFile(fileWith(source, extra))).toEqual({ dataDir: "x" });
  });

  it("is a module also below a package that says otherwise", () => {
    const beside = { "package.json": '{"type":"commonjs"}' };
    expect(readConfigFile(fileWith(`${own}export default defineConfig({});`, beside))).toEqual({});
  });

  it.each([
    ["await at the top level", "await Promise.resolve();\nexport default {};", /waits at its top level/],
    ["an enum", "enum A { B }\nexport default {};", /has to be compiled/],
    ["a mistake in its syntax", "export default {", /cannot be read/],
    ["an error of its own", 'throw new Error("not today");\nexport default {};', /cannot be read: not today/],
    ["a package that is not there", 'import "no-such-package";\nexport default {};', /cannot be read/],
    ["no default export", "export const config = {};", /exports no settings/],
  ])("refuses %s and says so", (_, source, message) => {
    expect(() => readConfigFile(fileWith(source))).toThrow(message);
  });

  it("leaves no name behind for the rest of the process", async () => {
    readConfigFile(fileWith(`${own}export default defineConfig({});`));
    const elsewhere = fileWith(`${own}export default defineConfig({});`);
    const run = spawnSync(process.execPath, [elsewhere], { encoding: "utf8" });
    expect(run.stderr).toMatch(/ERR_MODULE_NOT_FOUND/);
  });
});

it("the example at the root is read where it lies, and changes nothing", () => {
  const loaded = loadConfig({ flags: {}, env: {}, cwd: projectRoot });
  expect(loaded.file).toBe(join(projectRoot, "wacli.config.ts"));
  expect([...loaded.sources.values()].every(({ from }) => from === "default")).toBe(true);
});
