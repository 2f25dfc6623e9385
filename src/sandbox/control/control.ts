import type { SandboxConfig, SandboxControl } from "../control.ts";
import type { GroupFeature } from "../feature.ts";
import type { Timers } from "../timers.ts";
import { initialBehaviour, type World } from "../world.ts";
import { linkingControl } from "./linking.ts";
import { deviceControl } from "./devices.ts";
import { pairingControl } from "./pairing.ts";
import { passkeyControl } from "./passkey.ts";
import { peopleControl } from "./people.ts";
import { reachControl } from "./reach.ts";
import { sendControl } from "./sends.ts";
import { standingControl } from "./standing.ts";
import { tellControl } from "./tell.ts";
import { worldControl } from "./world.ts";

/** Everything that can be done to a sandbox. */
export function createControl(deps: {
  readonly world: World;
  readonly groups: GroupFeature;
  readonly timers: Timers;
  readonly config: SandboxConfig;
}): SandboxControl {
  const { world, groups, timers, config } = deps;
  return {
    config: () => config,
    ...pairingControl(world),
    ...linkingControl(world),
    ...passkeyControl(world),
    ...reachControl(world),
    ...sendControl(world),
    ...peopleControl(world),
    ...tellControl(world),
    ...deviceControl(world),
    ...standingControl(world),
    ...groups.control,
    ...worldControl({ world, groups }),
    async behaviour(change) {
      world.behaviour = { ...world.behaviour, ...change };
      world.changed();
      return world.behaviour;
    },
    async reset() {
      timers.clear();
      for (const connection of world.connections) connection.drop();
      world.directory.clear();
      world.faults.clear();
      world.trace.clear();
      world.unlinked.clear();
      world.pictures.clear();
      world.throttle.clear();
      groups.clear();
      world.behaviour = initialBehaviour(world.options);
      await world.media.clear();
      world.changed();
    },
  };
}
