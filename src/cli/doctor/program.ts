import { assetText } from "#lib/assets.ts";

import { buildInfo, programVersion } from "../version.ts";
import type { Check } from "./check.ts";
import { failing, fine, warning } from "./finding.ts";
import type { Finding } from "./finding.ts";

/** Where the settings come from; their mistakes are found before any check can run. */
export const settings: Check = {
  title: "settings",
  look: async ({ settings: { file, withoutEffect } }) => [
    fine(file === undefined ? "they come from flags and environment; no wacli.config.ts is here" : `read ${file}`),
    ...withoutEffect.map((name) =>
      warning("it is set, and nothing reads it", "remove it, or see README, “Settings”", name),
    ),
  ],
};

/** The mistakes of settings that cannot be used, one finding each. */
export function badSettings(problems: readonly string[]): readonly Finding[] {
  return problems.map((problem) =>
    failing(problem, "correct it; README, “Settings”, names every setting and its form"),
  );
}

/** The program itself and the Node under it. Needs nothing. */
export async function lookAtProgram(): Promise<readonly Finding[]> {
  const build = buildInfo();
  const from = build === undefined ? "" : `, an executable for ${build.target}`;
  const found = `wazapi ${programVersion()} on Node ${process.versions.node}, ${process.platform}-${process.arch}${from}`;
  const needed = neededMajor();
  const major = Number.parseInt(process.versions.node, 10);
  if (major < needed)
    return [failing(found, `it needs Node ${needed}; start it with \`npx wazapi\`, which brings one`)];
  if (major > needed) return [warning(found, `it is tested on Node ${needed}; use that when something is odd`)];
  return [fine(found)];
}

/** Of our own package.json: `>=26`. */
function neededMajor(): number {
  const { engines } = JSON.parse(assetText("package.json")) as { readonly engines: { readonly node: string } };
  return Number.parseInt(engines.node.replace(/^\D+/, ""), 10);
}
