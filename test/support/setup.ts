import { afterAll, expect } from "vitest";

import { watchForLeaks, type LeakWatch } from "./leaks.ts";

/** How long closing may take after the last test of a file. */
const graceMs = 2000;

// One watch a process, also when several test files share it.
const registry = globalThis as { wazapiLeakWatch?: LeakWatch };
registry.wazapiLeakWatch ??= watchForLeaks();
const watch = registry.wazapiLeakWatch;

// Registered first, therefore the last to run: the hooks of the file itself have closed what they opened.
afterAll(async () => {
  expect(await watch.left(graceMs), "left open by this file").toEqual([]);
});
