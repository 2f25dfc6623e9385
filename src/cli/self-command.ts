import { isSea } from "node:sea";
import { fileURLToPath } from "node:url";

/** How this very program is started again. */
export function selfCommand(): { readonly file: string; readonly args: readonly string[] } {
  if (isSea()) return { file: process.execPath, args: [] };
  return { file: process.execPath, args: [fileURLToPath(new URL("../../bin/wazapi.js", import.meta.url))] };
}
