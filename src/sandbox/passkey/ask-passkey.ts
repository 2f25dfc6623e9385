import type { Connection } from "../connection.ts";
import { answer } from "../pairing-requests.ts";
import type { PairingState } from "../pairing-state.ts";
import { SandboxError } from "../sandbox-error.ts";
import type { World } from "../world.ts";
import { beginCeremony, type Ceremony, type Handed } from "./ceremony.ts";

/**
 * Asks for the account's passkey when linking wants one, and waits for the companion to come through with it; undefined
 * when none is wanted. `advSecret` is what the phone knows of the companion. Throws `conflict` when it is being asked
 * already, `refused` when it comes to nothing.
 */
export async function askPasskey(
  world: World,
  linking: {
    readonly connection: Connection;
    readonly pairing: PairingState;
    readonly number: string;
    readonly advSecret: Uint8Array | undefined;
  },
): Promise<Handed | undefined> {
  const { connection, pairing, number, advSecret } = linking;
  const person = world.directory.person(number);
  if (person.passkey?.required !== true) return undefined;
  if (pairing.ceremony !== undefined && pairing.ceremony.info().stage !== "over") {
    throw new SandboxError("conflict", "this client is being asked for a passkey already");
  }
  const { identity } = pairing;
  const ceremony = beginCeremony(world, { connection, identity, person, advSecret }, (node, given) =>
    answer(connection, node, given),
  );
  pairing.ceremony = ceremony;
  return await ceremony.done;
}

/** The ceremony of a client that is being linked to this number. Throws `not_found`. */
export function ceremonyOf(world: World, number: string): Ceremony {
  const all = [...world.connections].flatMap(({ pairing }) =>
    pairing?.ceremony === undefined ? [] : [pairing.ceremony],
  );
  const found = all.find((ceremony) => ceremony.info().number === number && ceremony.info().stage !== "over");
  if (found === undefined) throw new SandboxError("not_found", `no client is being linked to ${number} with a passkey`);
  return found;
}
