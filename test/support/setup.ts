import { afterAll, expect } from "vitest";

import { watchForLeaks, type LeakWatch } from "./leaks.ts";

/** How long closing may take after the last test of a file. */
const graceMs = 2000;

// One watch a process: test files share it, as they share the modules.
const registry = globalThis as { wazapiLeakWatch?: LeakWatch };
registry.wazapiLeakWatch ??= watchForLeaks();
const watch = registry.wazapiLeakWatch;

// Registered first, therefore the last to run: the hooks of the file itself have closed what they opened.
afterAll(async () => {
  expect(await watch.left(graceMs), "left behind by this file").toEqual([]);
});
