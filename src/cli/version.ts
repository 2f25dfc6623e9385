import { assetText } from "#lib/assets.ts";

/** Version of the program, out of its package.json. */
export function programVersion(): string {
  // Our own file: it has a version.
  return (JSON.parse(assetText("package.json")) as { readonly version: string }).version;
}
