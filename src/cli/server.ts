import { existsSync } from "node:fs";

import type { LoadedConfig } from "#config/load.ts";
import { WazapiError } from "#domain/errors.ts";
import { commonHookSlots } from "#domain/instance.ts";
import { hookFieldNames } from "#http/routes/hook-fields.ts";
import { sleep } from "#lib/sleep.ts";

import { createApi } from "./api.ts";
import type { Api, InstanceRef } from "./api.ts";
import type { Cli } from "./cli.ts";
import { listInstances, pickInstance } from "./pick-instance.ts";
import type { ListedInstance } from "./pick-instance.ts";
import { knownTokens, loadSettings, serverUrl } from "./settings.ts";

/** The server a command works with; disposing ends it when it was opened for this command only. */
export interface Server extends AsyncDisposable {
  readonly api: Api;
  /** It was opened in this process, for as long as the command runs. */
  readonly here: boolean;
  readonly instances: () => Promise<readonly ListedInstance[]>;
  /** The instance with this id or name, or the only one there is. */
  readonly instance: (named: string | undefined) => Promise<ListedInstance>;
  readonly createInstance: (name: string, webhookUrl?: string) => Promise<InstanceRef>;
}

/** Connects to the server that `--url`, `WAZAPI_URL` or the data directory names. Throws `unavailable` when none runs. */
export async function connectServer(cli: Cli): Promise<Server> {
  const settings = await loadSettings(cli);
  const running = await findRunning(cli, settings);
  if (running !== undefined) return running;
  throw new WazapiError("unavailable", {
    message: `no server runs on ${settings.config.dataDir}`,
    details: { hint: "start one with `wazapi serve`, or name another with --url or --data" },
  });
}

/**
 * The same, or a server of its own for as long as the command runs. `begin` makes a data directory; without it there
 * has to be one, because a new one is empty and nobody looked for it.
 */
export async function connectOrOpenServer(cli: Cli, { begin = false } = {}): Promise<Server> {
  const settings = await loadSettings(cli);
  if (!begin && !existsSync(settings.config.dataDir)) return connectServer(cli);
  const { openHere } = await import("./open-here.ts");
  // Between the look for a server and the opening of our own another one may come up, or still be on its way.
  for (let tries = 0; tries < 40 && !cli.signal.aborted; tries += 1) {
    const running = await findRunning(cli, settings);
    if (running !== undefined) return running;
    const app = await openHere(cli);
    if (app !== undefined) {
      cli.out.say(`no server runs on ${settings.config.dataDir}: this command is one itself until it ends`);
      const api = createApi({ url: app.url(), tokens: app.tokens }, cli.signal);
      return serverOf(api, { here: true, dispose: async () => app[Symbol.asyncDispose]() });
    }
    await sleep(250, cli.signal);
  }
  throw new WazapiError("conflict", {
    message: `another wazapi works in ${settings.config.dataDir} and does not answer`,
    details: { hint: "wait until it has started or ended" },
  });
}

async function findRunning(cli: Cli, settings: LoadedConfig): Promise<Server | undefined> {
  const url = await serverUrl(cli, settings);
  if (url === undefined) return undefined;
  const api = createApi({ url, tokens: await knownTokens(settings) }, cli.signal);
  return serverOf(api, { here: false, dispose: async () => {} });
}

function serverOf(api: Api, life: { readonly here: boolean; readonly dispose: () => Promise<void> }): Server {
  return {
    api,
    here: life.here,
    instances: () => listInstances(api),
    instance: (named) => pickInstance(api, named),
    createInstance: async (name, webhookUrl) => {
      const { id, token } = await api.server<{ readonly id: string; readonly token: string }>({
        method: "POST",
        path: "/instances/integrator/on-demand",
        body: { name, ...(webhookUrl !== undefined && hooksOf(webhookUrl)) },
      });
      return { id, token, name };
    },
    [Symbol.asyncDispose]: life.dispose,
  };
}

/** Every webhook of a new instance to one URL, except that for own messages, which would switch them on. */
function hooksOf(url: string): Readonly<Record<string, string>> {
  const slots = commonHookSlots.filter((slot) => slot !== "receivedAndDelivery");
  return Object.fromEntries(slots.map((slot) => [hookFieldNames[slot], url]));
}
