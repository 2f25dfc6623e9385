/**
 * Makes the single executable.
 *
 *     npm run build                        dist/wazapi, for this platform; needs no network
 *     npm run build -- --all               one for every platform, as dist/wazapi-<platform>
 *     npm run build -- --target NAME       one for that platform
 *
 * The others' Node and native modules are installed from the same lock file into .stage/.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { bundleProgram } from "./bundle.ts";
import { writeExecutable } from "./executable.ts";
import { licenceNotices } from "./notices.ts";
import { isTargetName, targets, type TargetName } from "./targets.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const workDir = join(root, ".stage");
const distDir = join(root, "dist");
const installed = join(root, "node_modules");

const host = targetName(`${process.platform}-${process.arch}`);
const hostNode = join(installed, targets[host].nodePackage, targets[host].nodePath);
const { values: flags } = parseArgs({
  options: { all: { type: "boolean" }, target: { type: "string" } },
});

mkdirSync(workDir, { recursive: true });
mkdirSync(distDir, { recursive: true });
const main = join(workDir, "wazapi.cjs");
const bundle = await timed("bundle", () => bundleProgram({ root, entry: "bin/executable-entry.ts", outfile: main }));
const assets = collectAssets();
for (const name of wantedTargets()) {
  const output = join(distDir, flags.all === true || name !== host ? targets[name].fileName : "wazapi");
  await timed(output.slice(root.length), () => make(name, output));
}

function make(name: TargetName, output: string): void {
  const target = targets[name];
  const targetDir = join(workDir, name);
  mkdirSync(targetDir, { recursive: true });
  const packages = name === host ? installed : stage(name, targetDir);
  const info = join(targetDir, "build.json");
  writeFileSync(info, JSON.stringify({ target: name, commit: commit() }));
  writeExecutable({
    target,
    main,
    packages,
    assets: { ...assets, "build.json": info },
    workDir: targetDir,
    // A running executable cannot be written, but it can be replaced.
    output: freed(output),
    node: hostNode,
    codeCache: name === host,
  });
  if (packages !== installed) rmSync(packages, { recursive: true });
}

/** Installs what the lock file says for another platform. */
function stage(name: TargetName, directory: string): string {
  for (const file of ["package.json", "package-lock.json", ".npmrc"])
    copyFileSync(join(root, file), join(directory, file));
  const npm = ["ci", ...targets[name].npmFlags, "--omit=dev"];
  execFileSync("npm", npm, {
    cwd: directory,
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32",
  });
  return join(directory, "node_modules");
}

function wantedTargets(): readonly TargetName[] {
  // Object.keys knows only strings; the table has no others.
  if (flags.all === true) return Object.keys(targets) as TargetName[];
  return [flags.target === undefined ? host : targetName(flags.target)];
}

function targetName(name: string): TargetName {
  if (!isTargetName(name))
    throw new Error(`no executable can be made for ${name}; known: ${Object.keys(targets).join(", ")}`);
  return name;
}

/** Everything that `assetText` may be asked for. */
function collectAssets(): Readonly<Record<string, string>> {
  const notices = join(workDir, "third-party-notices.txt");
  const core = ffmpegCore();
  const more = [
    ...(Object.keys(core).length > 0 ? ["@ffmpeg/core"] : []),
    targets[host].nodePackage,
    "better-sqlite3",
    "sharp",
    ...readdirSync(join(installed, "@img")).map((it) => `@img/${it}`),
  ];
  writeFileSync(notices, licenceNotices(root, { bundled: bundle.inputs, more }));
  const migrations = readdirSync(join(root, "migrations"), { recursive: true, encoding: "utf8" })
    .map((path) => `migrations/${path.replaceAll("\\", "/")}`)
    .filter((path) => statSync(join(root, path)).isFile());
  const named = [...bundle.assets, ...migrations, "package.json", "LICENSE"].filter(
    (name) => name !== "build.json" && name !== "third-party-notices.txt",
  );
  for (const name of named) {
    if (!existsSync(join(root, name))) throw new Error(`the program asks for ${name}, and there is no such file`);
  }
  return {
    "third-party-notices.txt": notices,
    ...core,
    ...Object.fromEntries(named.map((name) => [name, join(root, name)])),
  };
}

/** The ffmpeg for machines without one, where its package is installed. */
function ffmpegCore(): Readonly<Record<string, string>> {
  const { resolve } = createRequire(join(root, "package.json"));
  try {
    return { "ffmpeg-core.js": resolve("@ffmpeg/core"), "ffmpeg-core.wasm": resolve("@ffmpeg/core/wasm") };
  } catch {
    return {};
  }
}

/** Empty outside a checkout. */
function commit(): string {
  try {
    return execFileSync("git", ["describe", "--always", "--dirty", "--abbrev=12"], {
      cwd: root,
      stdio: ["ignore", "pipe", "ignore"],
    })
      .toString()
      .trim();
  } catch {
    // A source archive, or no git on this machine.
    return "";
  }
}

function freed(path: string): string {
  rmSync(path, { force: true });
  return path;
}

async function timed<T>(what: string, run: () => T | Promise<T>): Promise<T> {
  const startedMs = performance.now();
  const result = await run();
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  const megabytes = existsSync(join(root, what)) ? `, ${(statSync(join(root, what)).size / 1e6).toFixed(1)} MB` : "";
  console.log(`${what} (${seconds} s${megabytes})`);
  return result;
}
