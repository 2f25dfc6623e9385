import { mkdir, chmod } from "node:fs/promises";
import { join } from "node:path";

import { expect } from "vitest";

import type { CheckName, Finding } from "#cli/doctor/finding.ts";

import { known } from "../http/support.ts";
import { s3Credentials } from "../support/s3-server.ts";
import type { run, RunOptions } from "./support.ts";

/** What a run said. */
export interface Report {
  readonly code: number;
  readonly ok: boolean;
  readonly of: (check: CheckName) => readonly Finding[];
  readonly text: string;
}

/** Key of the store of tests, and tokens, which no report may show. */
export const secrets = {
  WAZAPI_SECRET_KEY: Buffer.alloc(32, 7).toString("hex"),
  CLIENT_AUTH_TOKEN: known.clientToken,
  PARTNER_AUTH_TOKEN: known.partnerToken,
};
/** Runs it with `--json`, and looks at what holds for every report. */
export async function reportOf(
  runIt: (argv: readonly string[], options: RunOptions) => ReturnType<typeof run>,
  env: Readonly<Record<string, string>>,
): Promise<Report> {
  const all = { WAZAPI_DATA_DIR: "data", HTTP_ADDR: "127.0.0.1:0", ...env };
  const { code, stdout, stderr } = await runIt(["doctor", "--json"], { env: all });
  const report = JSON.parse(stdout) as { ok: boolean; checks: (Finding & { check: CheckName })[] };
  expect(code, stdout).toBe(report.ok ? 0 : 1);
  expect(report.ok).toBe(report.checks.every(({ status }) => status !== "fail"));
  for (const { status, found, help } of report.checks) {
    expect([found, found.length > 0]).toEqual([found, true]);
    if (status !== "ok") expect([found, typeof help]).toEqual([found, "string"]);
  }
  for (const secret of [...Object.values(secrets), s3Credentials.secretAccessKey, known.instanceToken]) {
    expect(stdout + stderr).not.toContain(secret);
  }
  return { code, ok: report.ok, text: stdout, of: (name) => report.checks.filter(({ check }) => check === name) };
}

/** Makes the data directory of tests. */
export async function makeData(cwd: string, mode: number): Promise<string> {
  const path = join(cwd, "data");
  await mkdir(path);
  // Whatever the mask is.
  await chmod(path, mode);
  return path;
}

/** Settings of the bucket of tests at this endpoint. */
export function bucketEnv(endpoint: string): Readonly<Record<string, string>> {
  return {
    S3_BUCKET_NAME: "media",
    S3_ENDPOINT: endpoint,
    S3_ACCESS_KEY_ID: s3Credentials.accessKeyId,
    S3_SECRET_ACCESS_KEY: s3Credentials.secretAccessKey,
  };
}
