import type { FileConfig } from "./schema.ts";

/** What `wacli.config.ts` exports: `export default defineConfig({ … })`. Only gives the settings their types. */
export function defineConfig(config: FileConfig): FileConfig {
  return config;
}
