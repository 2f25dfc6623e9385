import { linkedDevice, type Companion } from "../companion.ts";
import type { DeviceState, SandboxControl, SandboxState } from "../control.ts";
import type { Fault } from "../fault.ts";
import { disconnect } from "../disconnect.ts";
import { checkFault } from "../faults.ts";
import type { GroupFeature } from "../feature.ts";
import { waitingClients } from "../pair.ts";
import type { World } from "../world.ts";
import { contactInfo } from "./people.ts";

/** Faults, and what can be seen of everything. */
export function worldControl(deps: {
  readonly world: World;
  readonly groups: GroupFeature;
}): Pick<SandboxControl, "addFault" | "clearFaults" | "trace" | "state"> {
  const { world, groups } = deps;
  return {
    async addFault(fault) {
      checkFault(fault);
      const times = (fault.times ?? 1) - actAtOnce(world, fault);
      // What did not hit anybody yet waits for the next logins.
      if (times > 0) world.faults.add({ ...fault, times });
    },
    clearFaults: async () => world.faults.clear(),
    trace: () => world.trace.read(),
    state: () => stateOf(world, groups),
  };
}

/** How often a fault has acted: once, when a socket that it matches is open. */
function actAtOnce(world: World, fault: Fault): number {
  const { type, match } = fault;
  if (type !== "disconnect" && type !== "tcp-drop") return 0;
  const hit = [...world.connections].filter(
    ({ companion }) => match?.number === undefined || companion?.person.number === match.number,
  );
  for (const connection of hit) {
    if (type === "tcp-drop") connection.drop();
    else disconnect(connection, fault);
  }
  return hit.length > 0 ? 1 : 0;
}

function stateOf(world: World, groups: GroupFeature): SandboxState {
  const people = world.directory.people();
  return {
    devices: people.flatMap(({ companions }) => [...companions.values()].map(deviceState)),
    waiting: waitingClients(world).map(({ pairing: { refs, link, ceremony } }) => ({
      refs,
      ...(ceremony !== undefined && { passkey: ceremony.info() }),
      ...(link !== undefined && { codeFor: link.number }),
    })),
    contacts: people.filter(({ companions }) => companions.size === 0).map(contactInfo),
    groups: groups.list(),
    behaviour: world.behaviour,
    faults: world.faults.list(),
  };
}

function deviceState(companion: Companion): DeviceState {
  const { connection, preKeys, queue, presence } = companion;
  return {
    ...linkedDevice(companion),
    lidMigrated: companion.person.lidMigrated,
    online: connection?.isOpen() === true,
    preKeys: preKeys.length,
    queued: queue.size,
    ...(presence !== undefined && { presence }),
  };
}
