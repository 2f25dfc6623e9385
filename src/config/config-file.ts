import { createRequire, registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import { WazapiError } from "#domain/errors.ts";

/** The file that is read when it is in the working directory. */
export const configFileName = "wacli.config.ts";

// What `import { defineConfig } from "wazapi"` gets: there need not be any package beside the file.
const ownName = "wazapi";
const ownUrl = "wazapi:config";
const ownSource = "export const defineConfig = (config) => config;";

/**
 * Runs a settings file and answers what it exports as default. It may import other files, but not wait at its top
 * level. Works inside the single executable too, where `import()` of a file does not. Throws `invalid_config`.
 */
export function readConfigFile(path: string): unknown {
  const url = pathToFileURL(path).href;
  const hooks = registerHooks({
    resolve: (specifier, context, next) => {
      if (specifier === ownName) return { url: ownUrl, format: "module", shortCircuit: true };
      const resolved = next(specifier, context);
      // Modules whatever a package.json above it says.
      return resolved.url === url && path.endsWith(".ts") ? { ...resolved, format: "module-typescript" } : resolved;
    },
    load: (target, context, next) =>
      target === ownUrl ? { format: "module", source: ownSource, shortCircuit: true } : next(target, context),
  });
  let exported: unknown;
  try {
    exported = createRequire(path)(path);
  } catch (cause) {
    throw new WazapiError("invalid_config", { message: `${path} cannot be read: ${reasonOf(cause)}`, cause });
  } finally {
    hooks.deregister();
  }
  const { default: settings }: { default?: unknown } = Object(exported);
  if (settings !== undefined) return settings;
  throw new WazapiError("invalid_config", {
    message: `${path} exports no settings; write \`export default defineConfig({ … })\``,
  });
}

const reasons: Readonly<Record<string, string>> = {
  ERR_REQUIRE_ASYNC_MODULE: "it waits at its top level (await), which a settings file may not do",
  ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX:
    "it uses TypeScript that has to be compiled (enum, namespace, parameter properties)",
  ENOENT: "there is no such file",
  MODULE_NOT_FOUND: "a file it needs is missing",
};

function reasonOf(cause: unknown): string {
  const { code, message }: { code?: unknown; message?: unknown } = Object(cause);
  return reasons[String(code)] ?? String(message ?? cause).split("\n", 1)[0] ?? "";
}
