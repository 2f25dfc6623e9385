import { readFile, writeFile } from "node:fs/promises";
import { isSea } from "node:sea";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

import { WazapiError } from "#domain/errors.ts";

import type { Cli } from "../cli.ts";
import type { Declare } from "../command-table.ts";
import { exitCodes } from "../exit-code.ts";
import { programVersion } from "../version.ts";

interface OpenapiOptions {
  readonly check?: true;
  readonly webhookTypes?: true;
  readonly webhookSchemas?: true;
}

/** `wazapi openapi`. */
export const declareOpenapi: Declare = (command, run) => {
  command
    .description(
      "Write openapi.json, the description of every route and webhook, and webhooks.d.ts at the root of the project.",
    )
    .option("--check", "only compare; exit code 1 when one is not up to date")
    .option("--webhook-types", "print the TypeScript types of the webhook bodies; nothing is written")
    .option("--webhook-schemas", "print the JSON Schema of the webhook bodies; nothing is written")
    .addHelpText("after", "\nWith --json the document is printed and nothing is written.")
    .action(
      run<OpenapiOptions>(async (cli, { options }) => {
        if (options.webhookTypes === true) return printTypes(cli);
        if (options.webhookSchemas === true) return printSchemas(cli);
        return writeOrCheck(cli, { check: options.check === true });
      }),
    );
};

async function printTypes({ out }: Cli): Promise<number> {
  const { webhookTypes } = await import("#callbacks/webhook-types.ts");
  out.raw(webhookTypes());
  return exitCodes.ok;
}

async function printSchemas({ out }: Cli): Promise<number> {
  const { webhookSchema } = await import("#callbacks/webhook-schema.ts");
  out.raw(`${JSON.stringify(webhookSchema(), undefined, 2)}\n`);
  return exitCodes.ok;
}

async function writeOrCheck({ out, io }: Cli, { check }: { readonly check: boolean }): Promise<number> {
  const [{ callbackSchemas }, { webhookTypes }, { openApi, openApiText }, { operationTable }] = await Promise.all([
    import("#callbacks/catalogue.ts"),
    import("#callbacks/webhook-types.ts"),
    import("#http/openapi.ts"),
    import("#http/routes/table.ts"),
  ]);
  const webhooks = Object.fromEntries(Object.entries(callbackSchemas()).map(([name, { schema }]) => [name, schema]));
  const document = openApi(operationTable(), { version: programVersion(), webhooks });
  const root = projectRoot(io.cwd);
  const file = join(root, "openapi.json");
  const texts: Readonly<Record<string, string>> = {
    [file]: openApiText(document),
    [join(root, "webhooks.d.ts")]: webhookTypes(),
  };
  if (check) {
    const old: string[] = [];
    for (const [path, text] of Object.entries(texts)) if ((await textOf(path)) !== text) old.push(path);
    const isSame = old.length === 0;
    out.document({ file, upToDate: isSame }, (page) => page.text(isSame ? "up to date" : "not up to date"));
    for (const path of old)
      out.say(`${relative(io.cwd, path)} differs from the routes; write it with \`wazapi openapi\``);
    return isSame ? exitCodes.ok : exitCodes.failure;
  }
  if (!out.json) for (const [path, text] of Object.entries(texts)) await write(path, text);
  out.document(document, (page) => page.text(file));
  return exitCodes.ok;
}

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
