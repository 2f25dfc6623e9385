import { isSea } from "node:sea";

import { assetText } from "#lib/assets.ts";

/** Version of the program, out of its package.json. */
export function programVersion(): string {
  // Our own file: it has a version.
  return (JSON.parse(assetText("package.json")) as { readonly version: string }).version;
}

/** What the single executable was built for and from; undefined when the program runs from its sources. */
export function buildInfo(): { readonly target: string; readonly commit: string } | undefined {
  // Written by our own build.
  return isSea()
    ? (JSON.parse(assetText("build.json")) as { readonly target: string; readonly commit: string })
    : undefined;
}
