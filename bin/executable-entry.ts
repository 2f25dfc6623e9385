import { main } from "../src/cli/main.ts";

// The first file of the bundle. No top-level await: the bundle is CommonJS.
void main(process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
});
