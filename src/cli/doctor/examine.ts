import type { LoadedConfig } from "#config/load.ts";
import { isWazapiError } from "#domain/errors.ts";
import { orAborted } from "#lib/or-aborted.ts";

import type { Cli } from "../cli.ts";
import { loadSettings } from "../settings.ts";
import type { Check, Patient } from "./check.ts";
import { database } from "./database.ts";
import { dataDirectory, disk, secrets } from "./files.ts";
import { failing, warning } from "./finding.ts";
import type { CheckName, Finding } from "./finding.ts";
import { connections, deadLetters, queue, webhooks } from "./instances.ts";
import { converter, mediaLinks } from "./media.ts";
import { bucket, whatsapp } from "./outside.ts";
import { badSettings, lookAtProgram, settings } from "./program.ts";
import { seeInstances, seeServer } from "./running.ts";
import { port, server } from "./server.ts";
import { unknownWire } from "./unknown-wire.ts";
import { webVersion } from "./web-version.ts";

/** A finding with the check it is from. */
export interface Found extends Finding {
  readonly check: CheckName;
  readonly title: string;
}

/** Every check, in the order they are shown. */
const checks = {
  settings,
  program: { title: "program", look: lookAtProgram },
  dataDirectory,
  disk,
  secrets,
  database,
  server,
  port,
  whatsapp,
  webVersion,
  converter,
  bucket,
  mediaLinks,
  connections,
  webhooks,
  deadLetters,
  queue,
  unknownWire,
} as const satisfies Record<CheckName, Check>;

/** How long a check may take; what they share (the server, its instances) has shorter limits of its own. */
const checkMs = 9_000;

/**
 * Looks at everything at once and changes nothing. Settings that cannot be used are all there is to say beside the
 * program then. Rejects only when the command is stopped.
 */
export async function examine(cli: Cli): Promise<readonly Found[]> {
  let loaded: LoadedConfig;
  try {
    loaded = await loadSettings(cli);
  } catch (error) {
    if (!isWazapiError(error, "invalid_config")) throw error;
    const { problems } = error.details;
    const sentences = Array.isArray(problems) ? problems.map(String) : [error.message];
    return [...named("settings", badSettings(sentences)), ...named("program", await lookAtProgram())];
  }
  const seen = once(() => seeServer(cli, loaded));
  const patient: Patient = {
    cli,
    settings: loaded,
    server: seen,
    instances: once(async () => seeInstances(await seen(), cli.signal)),
  };
  // The keys are the union's.
  const names = Object.keys(checks) as readonly CheckName[];
  const found = await Promise.all(names.map(async (name) => named(name, await lookOnce(checks[name], patient))));
  cli.signal.throwIfAborted();
  return found.flat();
}

function named(check: CheckName, findings: readonly Finding[]): readonly Found[] {
  return findings.map((finding) => ({ check, title: checks[check].title, ...finding }));
}

async function lookOnce({ look }: Check, patient: Patient): Promise<readonly Finding[]> {
  const signal = AbortSignal.any([patient.cli.signal, AbortSignal.timeout(checkMs)]);
  try {
    const late = [warning("it was not answered in time", "look again when the machine is less busy")];
    return (await orAborted(look(patient, signal), signal)) ?? late;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [failing(`this could not be looked at: ${reason}`, "LOG_LEVEL=debug wazapi serve tells more")];
  }
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined;
  return () => (asked ??= ask());
}
