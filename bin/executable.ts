import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import { nativeManifestAsset, type NativeFile, type NativeManifest, type NativeModule } from "./native-manifest.ts";
import type { Target } from "./targets.ts";

/** What goes into an executable. */
export interface ExecutableInput {
  readonly target: Target;
  /** The bundle. */
  readonly main: string;
  /** Where the target's packages are installed. */
  readonly packages: string;
  /** Embedded files that are the same everywhere: name of the asset to path. */
  readonly assets: Readonly<Record<string, string>>;
  /** Directory for what is only needed while building. */
  readonly workDir: string;
  readonly output: string;
  /** The Node that builds; the same version as the target's. */
  readonly node: string;
  /** Compiled code only fits the platform that compiled it. */
  readonly codeCache: boolean;
}

const libraryName = /\.(node|dll|dylib)$|\.so(\.|$)/;

/** Joins the target's Node, the bundle, the native modules and the assets into one file. */
export function writeExecutable(input: ExecutableInput): void {
  const { manifest, sources } = collectNatives(input.packages, input.target.nativeName);
  const manifestPath = join(input.workDir, nativeManifestAsset);
  writeFileSync(manifestPath, JSON.stringify(manifest));
  const configPath = join(input.workDir, "sea-config.json");
  const config = {
    // Relative, because stack traces show it.
    main: basename(input.main),
    output: input.output,
    executable: join(input.packages, input.target.nodePackage, input.target.nodePath),
    disableExperimentalSEAWarning: true,
    useSnapshot: false,
    useCodeCache: input.codeCache,
    // A NODE_OPTIONS meant for another program must not change this one.
    execArgvExtension: "none",
    assets: { ...input.assets, [nativeManifestAsset]: manifestPath, ...sources },
  };
  writeFileSync(configPath, JSON.stringify(config, null, 2));
  execFileSync(input.node, ["--build-sea", configPath], {
    cwd: dirname(input.main),
    stdio: ["ignore", "pipe", "inherit"],
  });
}

function collectNatives(
  packages: string,
  platform: string,
): { readonly manifest: NativeManifest; readonly sources: Readonly<Record<string, string>> } {
  const sqlite = `better-sqlite3/prebuilds/${platform}.node`;
  // sharp finds libvips by the relative place of the two packages, so both keep theirs. On Windows it is all in one.
  const sharp = [`@img/sharp-${platform}/lib`, `@img/sharp-libvips-${platform}/lib`].flatMap((directory) =>
    filesIn(join(packages, directory)).map((name) => `${directory}/${name}`),
  );
  const entry = sharp.find((path) => path.endsWith(".node"));
  if (entry === undefined) throw new Error(`sharp for ${platform} is not installed in ${packages}`);
  return {
    manifest: {
      "better-sqlite3": describe(packages, { entry: sqlite, paths: [sqlite] }),
      sharp: describe(packages, { entry, paths: sharp }),
    },
    sources: Object.fromEntries([sqlite, ...sharp].map((path) => [path, join(packages, path)])),
  };
}

function filesIn(directory: string): readonly string[] {
  if (statSync(directory, { throwIfNoEntry: false }) === undefined) return [];
  return readdirSync(directory).filter((name) => libraryName.test(name));
}

function describe(
  packages: string,
  module: { readonly entry: string; readonly paths: readonly string[] },
): NativeModule {
  const files: readonly NativeFile[] = module.paths.map((path) => {
    const content = readFileSync(join(packages, path));
    return { path, bytes: content.byteLength, sha256: createHash("sha256").update(content).digest("hex") };
  });
  const hash = createHash("sha256").update(JSON.stringify(files)).digest("hex").slice(0, 16);
  return { hash, entry: module.entry, files };
}
