import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { build, type Plugin } from "esbuild";

/** What the bundler made. */
export interface Bundle {
  /** Files that went in, relative to the project's root. */
  readonly inputs: readonly string[];
  /** Names of embedded files that the program asks for. */
  readonly assets: readonly string[];
}

/** Packages that others load when they are there, and that are not there. Asking for them must fail as usual. */
const absentPackages = [
  "jimp",
  "link-preview-js",
  "audio-decode",
  "pg-native",
  "pino-pretty",
  "utf-8-validate",
  "bufferutil",
];

// A bundle has no address of its own; what the program finds by its address is embedded.
const banner = "const __importMetaUrl=require('node:url').pathToFileURL(process.execPath).href;";

/** Bundles the program into one CommonJS file at `outfile`. */
export async function bundleProgram(input: {
  readonly root: string;
  readonly entry: string;
  readonly outfile: string;
}): Promise<Bundle> {
  const { root } = input;
  const result = await build({
    absWorkingDir: root,
    entryPoints: [input.entry],
    outfile: input.outfile,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node26",
    metafile: true,
    logLevel: "warning",
    logOverride: { "empty-import-meta": "error" },
    legalComments: "none",
    minifySyntax: true,
    minifyWhitespace: true,
    // Node shows the line of an uncaught error, which must not be the whole program.
    lineLimit: 200,
    keepNames: true,
    // Some packages look for the settings of another bundler.
    define: { "import.meta.url": "__importMetaUrl", "import.meta.env": "undefined" },
    banner: { js: banner },
    plugins: [nativesFromExecutable(join(root, "bin/natives.ts")), absent],
  });
  const inputs = Object.keys(result.metafile.inputs);
  return { inputs, assets: [...new Set(inputs.flatMap((file) => assetsOf(root, file)))] };
}

/** Replaces the two modules that search for their native part. */
function nativesFromExecutable(loader: string): Plugin {
  const load = `import { loadNative } from ${JSON.stringify(loader)};`;
  return {
    name: "natives-from-executable",
    setup: (esbuild) => {
      esbuild.onLoad({ filter: /node_modules[\\/]sharp[\\/]dist[\\/]sharp\.[mc]js$/ }, () => ({
        contents: `${load} export default loadNative("sharp");`,
        resolveDir: dirname(loader),
      }));
      esbuild.onLoad({ filter: /node_modules[\\/]better-sqlite3[\\/]lib[\\/]binding\.js$/ }, () => ({
        contents: `${load} let addon; export const getBinding = () => (addon ??= loadNative("better-sqlite3"));`,
        resolveDir: dirname(loader),
      }));
    },
  };
}

const absent: Plugin = {
  name: "absent-packages",
  setup: (esbuild) => {
    esbuild.onResolve({ filter: new RegExp(`^(${absentPackages.join("|")})$`) }, ({ path }) => ({
      path,
      namespace: "absent",
    }));
    esbuild.onLoad({ filter: /.*/, namespace: "absent" }, ({ path }) => ({
      contents: `throw Object.assign(new Error("Cannot find module '${path}'"), { code: "MODULE_NOT_FOUND" });`,
    }));
  },
};

function assetsOf(root: string, file: string): readonly string[] {
  if (!file.startsWith("src/")) return [];
  return [...readFileSync(join(root, file), "utf8").matchAll(/\bassetText\("([^"]+)"\)/g)].map(([, name = ""]) => name);
}
