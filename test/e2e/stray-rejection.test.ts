import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { freePort, startNode, until } from "../support/processes.ts";

// A package that leaves a promise to itself, once it is told to.
const careless = `data:text/javascript,${encodeURIComponent(
  'process.once("SIGUSR2", () => void Promise.reject(new Error("nobody waits for this")));',
)}`;

test("a promise that some package forgot is logged; the numbers of this server stay served", async () => {
  await using parts = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), "wazapi-stray-"));
  parts.defer(() => rm(dir, { recursive: true, force: true }));
  const port = await freePort();
  const args = ["serve", "--sandbox", "--data", dir, "--port", String(port)];
  const server = parts.use(startNode(["--import", careless, "bin/wazapi.js", ...args]));
  const isUp = (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${port}/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  await until(isUp, { what: `the server is ready: ${server.output()}`, withinMs: 30_000 });
  server.kill("SIGUSR2");
  await until(() => !server.isRunning() || server.output().includes("nobody waits for this"), {
    what: "the failure is told",
    withinMs: 20_000,
  });
  expect(server.isRunning()).toBe(true);
  expect(server.output()).toContain("a promise failed that nobody waited for");
  expect(await isUp()).toBe(true);
  server.kill("SIGTERM");
  expect(await server.exited).toBe(0);
});
