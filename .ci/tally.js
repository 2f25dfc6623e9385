// Prints the result of vitest's JSON report as CI reads it. Fails when a test failed or was skipped: CI has all services.
import { readFileSync } from "node:fs";

const report = JSON.parse(readFileSync(process.argv[2], "utf8"));
// A file can fail although each of its tests passed, for instance when it left something open.
const failedFiles = report.testResults.filter(
  ({ status, assertionResults }) => status === "failed" && !assertionResults.some((test) => test.status === "failed"),
);
const skipped = report.numPendingTests + report.numTodoTests;
const failed = report.numFailedTests + failedFiles.length;
for (const { name } of failedFiles) console.log(`failed as a whole: ${name}`);
for (const { name, assertionResults } of report.testResults) {
  for (const { status, fullName } of assertionResults) {
    if (status !== "passed" && status !== "failed") console.log(`skipped: ${name}: ${fullName}`);
  }
}
console.log(`${report.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exitCode = failed + skipped > 0 || !report.success ? 1 : 0;
