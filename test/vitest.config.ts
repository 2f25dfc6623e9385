import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL("..", import.meta.url));

// Where a mistake loses or doubles messages, more must be covered.
const carefulRooms: readonly string[] = ["cluster", "pipeline", "queue", "whatsapp"];

const rooms = readdirSync(`${root}/src`, { withFileTypes: true }).filter((entry) => entry.isDirectory());
const thresholds = Object.fromEntries(
  rooms.map(({ name }) => [`src/${name}/**`, { lines: carefulRooms.includes(name) ? 80 : 70 }]),
);

export default defineConfig({
  test: {
    root,
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    execArgv: ["--import", `${root}bin/quick-imports.js`],
    maxWorkers: 2,
    // Half of the time went into importing the same modules anew for each file. setup.ts fails a file that leaves
    // anything behind for the next one.
    isolate: false,
    globalSetup: ["test/support/temporary-place.ts"],
    setupFiles: ["test/support/setup.ts"],
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      reporter: ["text-summary", "json-summary"],
      reportsDirectory: "coverage",
      thresholds,
    },
  },
});
