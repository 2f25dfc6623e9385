import { spawn } from "node:child_process";
import { existsSync } from "node:fs";

import { databasePath } from "#config/data-dir.ts";
import { isWazapiError } from "#domain/errors.ts";
import { createSealer } from "#store/sealer.ts";
import type { SqliteFacts } from "#store/sqlite/look-at-database.ts";

import type { Cli } from "../cli.ts";
import { selfCommand } from "../self-command.ts";
import type { Check, Patient } from "./check.ts";
import { failing, fine, sizeText, warning } from "./finding.ts";
import type { Finding } from "./finding.ts";
import { readSecretKey } from "./secrets-file.ts";

/** How long a look at a database may take, below what a check may. */
const lookMs = 7_000;
const maxSaid = 2_000;

/** Whether the database is there, known, whole, and opened by our key. */
export const database: Check = {
  title: "database",
  look: async (patient, signal) => {
    const { postgresDsn, sessionPostgresDsn } = patient.settings.config.store;
    if (postgresDsn === undefined) return await lookAtFile(patient, signal);
    const found = await lookAtServer(patient, { dsn: postgresDsn, about: "main" });
    if (sessionPostgresDsn === undefined) return found;
    return [...found, ...(await lookAtServer(patient, { dsn: sessionPostgresDsn, about: "sessions" }))];
  },
};

/** What the process prints that looks at a database file: first `facts`, then `problems`, each a line. */
interface Said {
  readonly facts?: SqliteFacts;
  readonly problems?: readonly string[];
  readonly failure?: string;
}

/** Looks at a database file in the process that `database` starts for it. */
export async function lookAtDatabaseFile(cli: Pick<Cli, "out">, path: string): Promise<void> {
  const { openSqliteLook } = await import("#store/sqlite/look-at-database.ts");
  const say = (said: Said): void => cli.out.raw(`${JSON.stringify(said)}\n`);
  try {
    using look = openSqliteLook(path);
    say({ facts: look.facts() });
    say({ problems: look.quickCheck() });
  } catch (error) {
    say({ failure: error instanceof Error ? error.message : String(error) });
  }
}

async function lookAtFile(patient: Patient, signal: AbortSignal): Promise<readonly Finding[]> {
  const path = databasePath(patient.settings.config.dataDir);
  if (!existsSync(path)) return [fine(`${path} is made at the first start`)];
  const { facts, problems, failure } = await askProcess(patient.cli, path, signal);
  if (failure !== undefined) return [failing(`${path}: ${failure}`, damagedHelp)];
  if (facts === undefined)
    return [warning(`${path} did not answer in time`, "look again when the machine is less busy")];
  const what = `SQLite, schema ${facts.schema}, ${sizeText(facts.bytes)}`;
  const wrong = [...schemaFinding(facts, undefined), ...(await keyFinding(patient, facts.sealed))];
  if (problems === undefined) {
    return [
      ...wrong,
      fine(`${what}; too large for a look at every page`, { help: `sqlite3 ${path} "PRAGMA quick_check"` }),
    ];
  }
  if (problems.length > 0) return [...wrong, failing(`${what}; it is damaged: ${problems[0] ?? ""}`, damagedHelp)];
  return wrong.length > 0 ? wrong : [fine(`${what}, every page is whole`)];
}

const damagedHelp = "stop the server, keep a copy of the file, and restore a backup";

async function lookAtServer(
  patient: Patient,
  { dsn, about }: { readonly dsn: string; readonly about: string },
): Promise<readonly Finding[]> {
  const { lookAtPostgres } = await import("#store/postgres/look-at-database.ts");
  try {
    const facts = await lookAtPostgres({ dsn, limitMs: lookMs });
    const what = `PostgreSQL ${facts.serverVersion}, schema ${facts.schema}, ${sizeText(facts.bytes)}`;
    const sealed = facts.sealed?.toString("base64");
    const wrong = [...schemaFinding(facts, about), ...(await keyFinding(patient, sealed, about))];
    if (!facts.isDurable) {
      wrong.push(
        warning(`${what}; it may lose what it has committed`, "switch fsync and synchronous_commit on", about),
      );
    }
    return wrong.length > 0 ? wrong : [fine(what, { about })];
  } catch (error) {
    if (!isWazapiError(error)) throw error;
    return [failing(error.message, "see that the server runs, and the address and password in POSTGRES_DSN", about)];
  }
}

function schemaFinding(
  { schema, known }: { readonly schema: number; readonly known: number },
  about: string | undefined,
): Finding[] {
  if (schema > known) {
    const found = `the database has schema ${schema}, this wazapi knows up to ${known}`;
    return [failing(found, "start the newer wazapi that wrote it", about)];
  }
  if (schema === known) return [];
  return [fine(`schema ${schema} becomes ${known} at the next start`, about === undefined ? {} : { about })];
}

async function keyFinding(
  { settings }: Patient,
  sealed: string | undefined,
  about?: string,
): Promise<readonly Finding[]> {
  const key = await readSecretKey(settings.config);
  if (sealed === undefined || key === undefined) return [];
  try {
    createSealer(key).open(Buffer.from(sealed, "base64"));
    return [];
  } catch {
    const help = "give the right WAZAPI_SECRET_KEY, or put the secrets.json of this data back";
    return [failing("the secret key is not the one that sealed this database", help, about)];
  }
}

/** A process can be ended in the middle of a file that takes too long; SQLite in our own could not. */
async function askProcess(cli: Cli, path: string, signal: AbortSignal): Promise<Said> {
  const { file, args } = selfCommand();
  const child = spawn(file, [...args, "doctor", "--database-file", path], {
    env: cli.io.env,
    stdio: ["ignore", "pipe", "pipe"],
    windowsHide: true,
    killSignal: "SIGKILL",
  });
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].on("data", (piece: Buffer) => {
      said[name] = (said[name] + piece.toString("utf8")).slice(-maxSaid);
    });
  }
  const { promise: ended, resolve } = Promise.withResolvers<string | undefined>();
  child.once("error", (error) => resolve(error.message));
  child.once("close", (code) => resolve(code === 0 || code === null ? undefined : said.stderr.trim()));
  const limit = AbortSignal.any([signal, AbortSignal.timeout(lookMs)]);
  const kill = (): void => void child.kill("SIGKILL");
  limit.addEventListener("abort", kill, { once: true });
  if (limit.aborted) kill();
  const failure = await ended;
  limit.removeEventListener("abort", kill);
  const lines = said.stdout.split("\n").filter((line) => line.startsWith("{"));
  // Our own program wrote them.
  const parsed = lines.map((line) => JSON.parse(line) as Said);
  return Object.assign({}, ...parsed, failure === undefined ? {} : { failure }) as Said;
}
