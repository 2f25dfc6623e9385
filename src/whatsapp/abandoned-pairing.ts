import type { Connection } from "#domain/instance.ts";
import type { Clock } from "#lib/clock.ts";
import type { LeaseStore } from "#store/leases.ts";
import { passkeyStages } from "#domain/passkey.ts";

/**
 * What is stored of a connection that this process does not drive, told as it is: pairing dies with the process that
 * did it, so what nobody holds the lease of is not pairing any more.
 */
export async function asItIs(
  deps: { readonly leases: LeaseStore; readonly clock: Clock },
  { instanceId, connection }: { readonly instanceId: string; readonly connection: Connection },
): Promise<Connection> {
  if (connection.state !== "pairing") return connection;
  const held = await deps.leases.get({ name: `instance:${instanceId}` });
  if (held !== undefined && held.expiresAt > deps.clock.now()) return connection;
  const wasPasskey = passkeyStages.some((stage) => connection.reason === `passkey_${stage}`);
  return { ...connection, state: "unpaired", reason: wasPasskey ? "passkey_expired" : "connection_lost" };
}
