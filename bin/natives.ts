import { createRequire } from "node:module";
import { getAsset, getRawAsset } from "node:sea";

import { nativeManifestAsset, type NativeManifest, type NativeName } from "./native-manifest.ts";
import { cachePlaces, extractNative } from "./extract-native.ts";

/**
 * Loads a native module out of the single executable; the bundle calls it in place of the package's own search. It is
 * written to a cache directory on first use. Throws `unavailable` when there is no place to load it from.
 */
export function loadNative(name: NativeName): unknown {
  // Written by executable.ts of the same build.
  const manifest = JSON.parse(getAsset(nativeManifestAsset, "utf8")) as NativeManifest;
  return extractNative(
    {
      content: (path) => new Uint8Array(getRawAsset(path)),
      load: (file) => createRequire(file)(file),
    },
    { name, module: manifest[name], places: cachePlaces(process.env) },
  );
}
