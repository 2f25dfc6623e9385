import { readFile, writeFile } from "node:fs/promises";
import { isSea } from "node:sea";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

import { WazapiError } from "#domain/errors.ts";

import type { Declare } from "../command-table.ts";
import { exitCodes } from "../exit-code.ts";
import { programVersion } from "../version.ts";

/** `wazapi openapi`. */
export const declareOpenapi: Declare = (command, run) => {
  command
    .description("Write openapi.json, the description of every route and webhook, at the root of the project.")
    .option("--check", "only compare; exit code 1 when it is not up to date")
    .addHelpText("after", "\nWith --json the document is printed and nothing is written.")
    .action(
      run<{ check?: true }>(async ({ out, io }, { options }) => {
        const [{ callbackSchemas }, { openApi, openApiText }, { operationTable }] = await Promise.all([
          import("#callbacks/catalogue.ts"),
          import("#http/openapi.ts"),
          import("#http/routes/table.ts"),
        ]);
        const webhooks = Object.fromEntries(
          Object.entries(callbackSchemas()).map(([name, { schema }]) => [name, schema]),
        );
        const document = openApi(operationTable(), { version: programVersion(), webhooks });
        const file = join(projectRoot(io.cwd), "openapi.json");
        const shown = relative(io.cwd, file);
        if (options.check === true) {
          const same = (await textOf(file)) === openApiText(document);
          out.document({ file, upToDate: same }, (page) => page.text(same ? "up to date" : "not up to date"));
          if (!same) out.say(`${shown} differs from the routes; write it with \`wazapi openapi\``);
          return same ? exitCodes.ok : exitCodes.failure;
        }
        if (!out.json) await write(file, openApiText(document));
        out.document(document, (page) => page.text(file));
        return exitCodes.ok;
      }),
    );
};

/** Where package.json is; the single executable has no project around it and takes the working directory. */
function projectRoot(cwd: string): string {
  return isSea() ? cwd : fileURLToPath(new URL("../../..", import.meta.url));
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (Object(error).code === "ENOENT") return undefined;
    throw error;
  }
}

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (cause) {
    throw new WazapiError("storage", {
      message: `${file} cannot be written`,
      details: { hint: "--json prints it" },
      cause,
    });
  }
}
