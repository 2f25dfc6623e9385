import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { getAsset, getRawAsset, isSea } from "node:sea";

/** The ffmpeg that comes with the program. */
export interface FfmpegCore {
  /** A CommonJS module that exports the factory. */
  readonly script: string;
  readonly module: WebAssembly.Module;
}

/** Names in the single executable. */
const coreAssets = { script: "ffmpeg-core.js", wasm: "ffmpeg-core.wasm" } as const;

/** Loads and compiles it, which takes a third of a second; undefined when the package is not installed. */
export async function loadFfmpegCore(): Promise<FfmpegCore | undefined> {
  const files = isSea() ? embedded() : await installed();
  if (files === undefined) return undefined;
  return { script: files.script, module: await wasmApi.compile(files.wasm) };
}

/** Whether it could be loaded. */
export function hasFfmpegCore(): boolean {
  return isSea() ? embedded() !== undefined : installedAt() !== undefined;
}

interface CoreFiles {
  readonly script: string;
  readonly wasm: Uint8Array | ArrayBuffer;
}

/** Node's own types leave the functions out, because they belong to those of browsers. */
interface WasmApi {
  readonly compile: (bytes: Uint8Array | ArrayBuffer) => Promise<WebAssembly.Module>;
}
const { WebAssembly: wasmApi } = globalThis as unknown as { readonly WebAssembly: WasmApi };

function embedded(): CoreFiles | undefined {
  try {
    return { script: getAsset(coreAssets.script, "utf8"), wasm: getRawAsset(coreAssets.wasm) };
  } catch {
    return undefined;
  }
}

async function installed(): Promise<CoreFiles | undefined> {
  const paths = installedAt();
  if (paths === undefined) return undefined;
  return { script: await readFile(paths.script, "utf8"), wasm: await readFile(paths.wasm) };
}

function installedAt(): { readonly script: string; readonly wasm: string } | undefined {
  const require = createRequire(import.meta.url);
  try {
    return { script: require.resolve("@ffmpeg/core"), wasm: require.resolve("@ffmpeg/core/wasm") };
  } catch {
    return undefined;
  }
}
