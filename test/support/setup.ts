import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect } from "vitest";

import { watchForLeaks, type LeakWatch } from "./leaks.ts";

/** How long closing may take after the last test of a file. */
const graceMs = 2000;

// One of each a process: test files share them, as they share the modules.
const registry = globalThis as { wazapiLeakWatch?: LeakWatch; wazapiTemporary?: string };
registry.wazapiTemporary ??= ownTemporaryPlace();
registry.wazapiLeakWatch ??= watchForLeaks();
const watch = registry.wazapiLeakWatch;

// Registered first, therefore the last to run: the hooks of the file itself have closed what they opened.
afterAll(async () => {
  expect(await watch.left(graceMs), "left behind by this file").toEqual([]);
});

/** So that a test that looks at what is left sees nothing of another worker. */
function ownTemporaryPlace(): string {
  const own = join(process.env["TMPDIR"] ?? "", `worker-${process.pid}`);
  mkdirSync(own, { recursive: true });
  return (process.env["TMPDIR"] = own);
}
