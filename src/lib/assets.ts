import { existsSync, readFileSync } from "node:fs";
import { getAsset, isSea } from "node:sea";

/**
 * Text of a file that belongs to the program, named from the project's root (`migrations/index.json`). In the single
 * executable it is embedded; otherwise it is read from the tree around this file. Throws when there is none.
 */
export function assetText(name: string): string {
  if (isSea()) return getAsset(name, "utf8");
  // Two levels up from the sources, one from a bundle.
  const places = [new URL(`../../${name}`, import.meta.url), new URL(`../${name}`, import.meta.url)];
  const place = places.find((candidate) => existsSync(candidate));
  if (place === undefined) throw new Error(`the program's file ${name} is missing`);
  return readFileSync(place, "utf8");
}
