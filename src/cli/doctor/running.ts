import type { LoadedConfig } from "#config/load.ts";
import { WazapiError } from "#domain/errors.ts";

import { createApi, errorOf } from "../api.ts";
import type { Api } from "../api.ts";
import type { Cli } from "../cli.ts";
import { connectionOf } from "../connection.ts";
import type { ConnectionView } from "../connection.ts";
import { listInstances } from "../pick-instance.ts";
import type { ListedInstance } from "../pick-instance.ts";
import { serverUrl } from "../settings.ts";
import { readTokens } from "./secrets-file.ts";

/** What `/ready` answers. */
export interface Readiness {
  readonly ready: boolean;
  readonly role: string;
  readonly missing: readonly string[];
  readonly checks: Readonly<Record<string, { readonly status: string; readonly error?: string }>>;
}

/** The server on the data directory, or the one that was named. */
export type SeenServer =
  | { readonly kind: "none" }
  | { readonly kind: "silent"; readonly url: string; readonly reason: string }
  | { readonly kind: "running"; readonly api: Api; readonly version: string; readonly readiness: Readiness };

/** How one instance fares. */
export interface SeenInstance {
  readonly instance: ListedInstance;
  readonly connection: ConnectionView;
  readonly webhooks: Webhooks;
  /** Deliveries that were given up. */
  readonly dead: number;
  readonly queued: number;
  /** The message whose turn it is, when any waits. */
  readonly first?: { readonly Created: number; readonly ScheduledFor?: string };
}

interface Webhooks {
  readonly hooks: Readonly<Record<string, string>>;
  readonly further: readonly { readonly url: string }[];
  readonly lanes: readonly {
    readonly url: string;
    readonly pending: number;
    readonly oldestAt?: number;
    readonly breaker: { readonly state: string; readonly openedAt: number };
  }[];
}

/** The instances of a running server. */
export type SeenInstances =
  | { readonly kind: "none" }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "seen"; readonly instances: readonly SeenInstance[]; readonly total: number };

/** How long one answer of the server may take. */
const answerMs = 4_000;
/** How long all instances together may take; those that are left then are only counted. */
const instancesMs = 6_000;
const inParallel = 8;

/** Asks who runs. Never rejects. */
export async function seeServer(cli: Cli, settings: LoadedConfig): Promise<SeenServer> {
  let url: string | undefined;
  try {
    url = await serverUrl(cli, settings);
    if (url === undefined) return { kind: "none" };
    const api = createApi({ url, tokens: await readTokens(settings.config) }, cli.signal);
    const [health, readiness] = await Promise.all([
      api.server<{ readonly service?: string; readonly version: string }>({ path: "/health", timeoutMs: answerMs }),
      readinessOf(api),
    ]);
    if (health.service !== "wazapi") return { kind: "silent", url, reason: "another program answers there" };
    return { kind: "running", api, version: health.version, readiness };
  } catch (error) {
    return {
      kind: "silent",
      url: url ?? "its address",
      reason: error instanceof Error ? error.message : String(error),
    };
  }
}

/** Asks a server that leads how its instances are. Never rejects. */
export async function seeInstances(seen: SeenServer, signal: AbortSignal): Promise<SeenInstances> {
  if (seen.kind !== "running" || seen.readiness.role === "standby") return { kind: "none" };
  const limit = AbortSignal.any([signal, AbortSignal.timeout(instancesMs)]);
  const instances: SeenInstance[] = [];
  try {
    const listed = await listInstances(seen.api);
    const left = [...listed];
    const work = async (): Promise<void> => {
      for (let one = left.shift(); one !== undefined && !limit.aborted; one = left.shift()) {
        const found = await seeInstance(seen.api, one, limit);
        if (found !== undefined) instances.push(found);
      }
    };
    await Promise.all(Array.from({ length: inParallel }, work));
    return { kind: "seen", instances, total: listed.length };
  } catch (error) {
    return { kind: "refused", reason: error instanceof Error ? error.message : String(error) };
  }
}

/** Undefined when it was removed meanwhile, or time is over. */
async function seeInstance(api: Api, instance: ListedInstance, signal: AbortSignal): Promise<SeenInstance | undefined> {
  try {
    const [connection, queue, webhooks, dead] = await Promise.all([
      connectionOf(api, instance),
      api.instance<{ readonly count: number }>(instance, { path: "/queue/count", signal }),
      api.instance<Webhooks>(instance, { path: "/webhooks", signal }),
      api.instance<{ readonly by_status: Readonly<Record<string, number>> }>(instance, { path: "/dlq/stats", signal }),
    ]);
    const [first] =
      queue.count === 0
        ? []
        : await api.instance<readonly NonNullable<SeenInstance["first"]>[]>(instance, {
            path: "/queue?pageSize=1",
            signal,
          });
    return {
      instance,
      connection,
      webhooks,
      dead: dead.by_status["pending"] ?? 0,
      queued: queue.count,
      ...(first !== undefined && { first }),
    };
  } catch (error) {
    if (signal.aborted || (error instanceof WazapiError && error.code === "instance_not_found")) return undefined;
    throw error;
  }
}

/** 503 is an answer here, not a failure. */
async function readinessOf(api: Api): Promise<Readiness> {
  const response = await api.raw({ path: "/ready", signal: AbortSignal.timeout(answerMs) });
  if (!response.ok && response.status !== 503) throw await errorOf(response);
  // The shape is the server's promise; both ends are of this package.
  return (await response.json()) as Readiness;
}
