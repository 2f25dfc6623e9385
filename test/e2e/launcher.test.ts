import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

import { projectRoot } from "../support/processes.ts";

// Stands for the program: answers what it was called with, and waits when told to.
const program = `
export async function main(argv: readonly string[]): Promise<number> {
  console.log(JSON.stringify({ major: Number.parseInt(process.versions.node, 10), argv }));
  if (argv[0] === "wait") {
    const { promise, resolve } = Promise.withResolvers<void>();
    const alive = setTimeout(() => {}, 60_000);
    if (argv[1] !== undefined) process.once(argv[1], () => resolve());
    console.log("ready");
    await promise;
    clearTimeout(alive);
  }
  return 7;
}
`;

// Makes Node look like one that cannot run the program.
const pretendOld = `data:text/javascript,${encodeURIComponent(
  "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.1.0' } });",
)}`;

interface Launch {
  readonly old: boolean;
  readonly argv: readonly string[];
  /** Sent once the program says that it is ready. */
  readonly signal?: NodeJS.Signals;
}

test.each([{ old: true }, { old: false }])("launcher: arguments and exit code pass through %o", async ({ old }) => {
  await using tree = await openTree();
  const end = await launch(tree.dir, { old, argv: ["send", "--caption", "two words"] });
  expect(end).toMatchObject({ code: 7, signal: null });
  expect(JSON.parse(end.stdout)).toEqual({ major: 26, argv: ["send", "--caption", "two words"] });
});

test("launcher: a signal reaches the program, which decides about the exit code", async () => {
  await using tree = await openTree();
  expect(await launch(tree.dir, { old: true, argv: ["wait", "SIGTERM"], signal: "SIGTERM" })).toMatchObject({
    code: 7,
  });
});

test("launcher: a program that a signal ends is seen to end by it", async () => {
  await using tree = await openTree();
  expect(await launch(tree.dir, { old: true, argv: ["wait"], signal: "SIGTERM" })).toMatchObject({
    code: null,
    signal: "SIGTERM",
  });
});

test("launcher: without the right Node it says what to do", async () => {
  await using tree = await openTree();
  await rm(join(tree.dir, "node_modules"));
  const end = await launch(tree.dir, { old: true, argv: ["serve"] });
  expect(end).toMatchObject({ code: 1, stdout: "" });
  expect(end.stderr).toContain("wazapi needs Node 26 or newer");
  expect(end.stderr).toContain(`Run "npm ci" in ${tree.dir}`);
});

async function openTree(): Promise<AsyncDisposable & { readonly dir: string }> {
  const dir = await mkdtemp(join(tmpdir(), "wazapi-launcher-"));
  await mkdir(join(dir, "bin"));
  await mkdir(join(dir, "src/cli"), { recursive: true });
  for (const file of ["bin/wazapi.js", "bin/quick-imports.js"])
    await copyFile(join(projectRoot, file), join(dir, file));
  await writeFile(join(dir, "package.json"), `{"type":"module"}`);
  await writeFile(join(dir, "src/cli/main.ts"), program);
  await symlink(join(projectRoot, "node_modules"), join(dir, "node_modules"));
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) };
}

async function launch(dir: string, { old, argv, signal }: Launch) {
  const args = [...(old ? ["--import", pretendOld] : []), join(dir, "bin/wazapi.js"), ...argv];
  // The compiled code of a stand-in is of no use to anybody.
  const env = { ...process.env, NODE_DISABLE_COMPILE_CACHE: "1" };
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"], env });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
    if (signal !== undefined && stdout.endsWith("ready\n")) child.kill(signal);
  });
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  // The streams end after the process.
  const [code, endedBy] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  return { code, signal: endedBy, stdout, stderr };
}
