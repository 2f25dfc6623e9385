import { resolve } from "node:path";

import type { ColorName } from "consola/utils";
import { Option } from "commander";

import type { Cli } from "../cli.ts";
import type { Declare } from "../command-table.ts";
import { writeBundle } from "../doctor/bundle.ts";
import { examine } from "../doctor/examine.ts";
import type { Found } from "../doctor/examine.ts";
import { lookAtDatabaseFile } from "../doctor/database.ts";
import type { Finding } from "../doctor/finding.ts";
import { exitCodes } from "../exit-code.ts";
import type { Cell } from "../output.ts";
import { programVersion } from "../version.ts";

interface Options {
  readonly bundle?: string;
  readonly databaseFile?: string;
}

const colors = { ok: "green", warn: "yellow", fail: "red" } as const satisfies Record<Finding["status"], ColorName>;

/** `wazapi doctor`. */
export const declareDoctor: Declare = (command, run) => {
  command
    .description(
      "Look at everything a server needs, with or without one running, and say what helps. Changes nothing. Exit code 1 when something fails.",
    )
    .option(
      "--bundle <file>",
      "also write a file for whoever is asked for help: no number, token, name or content in it",
    )
    .addOption(new Option("--database-file <path>", "only read this file, for the check itself").hideHelp())
    .action(
      run<Options>(async (cli, { options: { databaseFile, bundle } }) => {
        if (databaseFile === undefined) return await doctor(cli, bundle);
        await lookAtDatabaseFile(cli, databaseFile);
        return exitCodes.ok;
      }),
    );
};

async function doctor(cli: Cli, bundle: string | undefined): Promise<number> {
  const found = await examine(cli);
  if (bundle !== undefined) {
    const path = resolve(cli.io.cwd, bundle);
    await writeBundle(cli, found, path);
    cli.out.say(`wrote ${path}; read it before you give it to anybody`);
  }
  const count = (status: Finding["status"]): number => found.filter((one) => one.status === status).length;
  const [failed, warned] = [count("fail"), count("warn")];
  const document = {
    ok: failed === 0,
    version: programVersion(),
    failed,
    warned,
    checks: found.map(({ title: _title, ...finding }) => finding),
  };
  cli.out.document(document, (page) =>
    page.table(
      ["", "CHECK", "FOUND"],
      found.flatMap((one) => rowsOf(one, cli.out.drawn)),
    ),
  );
  cli.out.say(failed + warned === 0 ? "nothing is wrong" : `${failed} failed, ${warned} to look at`);
  return failed === 0 ? exitCodes.ok : exitCodes.failure;
}

/** On a terminal what helps has a line of its own. */
function rowsOf({ status, title, about, found, help }: Found, drawn: boolean): readonly (readonly Cell[])[] {
  const mark = { text: status, color: colors[status] };
  const what = about === undefined ? found : `${about}: ${found}`;
  if (!drawn) return [[mark, title, what, help]];
  return [[mark, title, what], ...(help === undefined ? [] : [["", "", { text: `→ ${help}`, color: "dim" as const }]])];
}
