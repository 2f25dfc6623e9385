/** One file of a native module, as it lies in the executable. */
export interface NativeFile {
  /** Relative to the directory it is extracted to, with slashes; also the name of the embedded asset. */
  readonly path: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** A native module and the libraries that must lie beside it. */
export interface NativeModule {
  /** Names its directory in the cache, so that two versions never share one. */
  readonly hash: string;
  /** The file to load. */
  readonly entry: string;
  readonly files: readonly NativeFile[];
}

/** The modules that the bundle takes out of the executable instead of `node_modules`. */
export type NativeName = "better-sqlite3" | "sharp";

/** What the executable carries. */
export type NativeManifest = Readonly<Record<NativeName, NativeModule>>;

/** Name of the asset that holds the manifest. */
export const nativeManifestAsset = "natives.json";
