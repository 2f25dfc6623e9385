import { WazapiError } from "#domain/errors.ts";

import { query } from "./api.ts";
import type { Api, InstanceRef } from "./api.ts";

/** An instance as the partner's list shows it; only what commands use. */
export interface ListedInstance extends InstanceRef {
  readonly created: string;
  readonly phoneConnected: boolean;
  readonly paymentStatus: string;
}

const pageSize = 200;

/** Every instance of the server, in the server's order. */
export async function listInstances(api: Api, search?: string): Promise<readonly ListedInstance[]> {
  const found: ListedInstance[] = [];
  for (let page = 1; ; page += 1) {
    const answer = await api.server<{ readonly content: readonly ListedInstance[]; readonly total: number }>({
      path: `/instances${query({ page, pageSize, query: search })}`,
    });
    found.push(...answer.content);
    if (answer.content.length < pageSize || found.length >= answer.total) return found;
  }
}

/**
 * The instance that `--instance` names by id or name; without it the only one there is. Throws `instance_not_found`,
 * and `invalid_request` when there are several to choose from.
 */
export async function pickInstance(api: Api, named: string | undefined): Promise<ListedInstance> {
  const instances = await listInstances(api, named);
  const fitting = named === undefined ? instances : instances.filter(({ id, name }) => id === named || name === named);
  const [instance, ...others] = fitting;
  if (instance === undefined) throw noInstance(named);
  if (others.length === 0) return instance;
  const names = fitting
    .slice(0, 10)
    .map(({ id, name }) => (named === undefined ? name : id))
    .join(", ");
  throw new WazapiError("invalid_request", {
    message: named === undefined ? "there are several instances" : `several instances are called ${named}`,
    details: { hint: `say which with --instance: ${names}${fitting.length > 10 ? "…" : ""}` },
  });
}

function noInstance(named: string | undefined): WazapiError {
  if (named !== undefined) return new WazapiError("instance_not_found", { message: `there is no instance ${named}` });
  return new WazapiError("instance_not_found", {
    message: "there is no instance yet",
    details: { hint: "`wazapi pair` makes one and links a phone" },
  });
}
