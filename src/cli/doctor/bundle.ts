import { createRequire } from "node:module";

import { describeConfig } from "#config/describe.ts";
import { isWazapiError, WazapiError } from "#domain/errors.ts";
import { createWhole } from "#lib/write-whole.ts";

import type { Cli } from "../cli.ts";
import { connectionOf } from "../connection.ts";
import { loadSettings } from "../settings.ts";
import { programVersion } from "../version.ts";
import type { Found } from "./examine.ts";
import { seeInstances, seeServer, type SeenInstance, type SeenServer } from "./running.ts";
import { seenUnknown } from "./unknown-wire.ts";

/** Changes of state that are kept of each instance. */
const maxHistory = 20;
const answerMs = 4_000;

/**
 * Writes what helps whoever is asked for help, as JSON, into a new file. Only what is named here goes in: versions,
 * which settings are set (values of numbers and switches only), results of the checks without their sentences, states
 * and refusals of instances under made-up names, what WhatsApp sent that nobody here knows. No number, name, token, URL,
 * text of WhatsApp or content. Throws `conflict` when there is such a file.
 */
export async function writeBundle(cli: Cli, found: readonly Found[], path: string): Promise<void> {
  const text = `${JSON.stringify(await bundleOf(cli, found), undefined, 2)}\n`;
  if (!(await createWhole(path, text))) throw new WazapiError("conflict", { message: `${path} is there already` });
}

async function bundleOf(cli: Cli, found: readonly Found[]): Promise<unknown> {
  const settings = await loadSettings(cli).catch((error: unknown) => {
    if (isWazapiError(error, "invalid_config")) return undefined;
    throw error;
  });
  const server = settings === undefined ? ({ kind: "none" } as const) : await seeServer(cli, settings);
  const signal = AbortSignal.any([cli.signal, AbortSignal.timeout(answerMs)]);
  const instances = await seeInstances(server, cli.signal);
  return {
    madeAt: new Date(cli.io.clock.now()).toISOString(),
    versions: {
      wazapi: programVersion(),
      ...(server.kind === "running" && { server: server.version }),
      node: process.version,
      baileys: baileysVersion(),
      platform: `${process.platform} ${process.arch}`,
    },
    settings: settings === undefined ? undefined : describeConfig(settings).map(settingOf),
    server: serverOf(server),
    checks: found.map(({ check, status }) => ({ check, status })),
    instances:
      instances.kind === "seen"
        ? await Promise.all(instances.instances.map((one, at) => instanceOf(server, one, `instance ${at + 1}`)))
        : [],
    unknownWire: (await seenUnknown(server, signal)) ?? [],
  };
}

/** Texts could hold anything: of them only whether they are set is told. */
function settingOf({ path, value, source }: ReturnType<typeof describeConfig>[number]): unknown {
  const isPlain = typeof value === "number" || typeof value === "boolean";
  return { path, from: source.from, ...(value !== undefined && { value: isPlain ? value : "(set)" }) };
}

function serverOf(server: SeenServer): unknown {
  if (server.kind !== "running") return { kind: server.kind };
  const { ready, role, missing, checks } = server.readiness;
  const states = Object.fromEntries(Object.entries(checks).map(([name, { status }]) => [name, status]));
  return { kind: server.kind, ready, role, missing, checks: states };
}

async function instanceOf(server: SeenServer, seen: SeenInstance, name: string): Promise<unknown> {
  const { instance, queued, dead, webhooks } = seen;
  const { connection } =
    server.kind === "running"
      ? { connection: await connectionOf(server.api, instance, maxHistory).catch(() => seen.connection) }
      : seen;
  return {
    name,
    ...standingOf(connection),
    ...(connection.lastSeenAt !== undefined && { lastSeenAt: connection.lastSeenAt }),
    ...(connection.retry !== undefined && { failures: connection.retry.failures }),
    history: connection.history.map(standingOf),
    queued,
    dead,
    lanes: webhooks.lanes.map(({ pending, breaker: { state } }) => ({ pending, breaker: state })),
  };
}

type Standing = Pick<SeenInstance["connection"], "state" | "reason" | "refusal" | "at">;

function standingOf({ state, reason, refusal, at }: Standing): Readonly<Record<string, unknown>> {
  if (refusal === undefined) return { state, reason, at };
  const { kind, code, cause, until, header, subtext } = refusal;
  // Its words may name the account: only that there were any is told.
  const spoke = header !== undefined || subtext !== undefined;
  return { state, reason, at, refusal: { kind, code, cause, until, spoke } };
}

function baileysVersion(): string | undefined {
  try {
    const { version } = createRequire(import.meta.url)("@whiskeysockets/baileys/package.json") as { version: string };
    return version;
  } catch {
    // The single executable has no packages beside it.
    return undefined;
  }
}
