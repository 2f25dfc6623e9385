import { orAborted } from "#lib/or-aborted.ts";
import type { LinkedDevice, SandboxControl } from "../control.ts";
import { shareHistory } from "../history/shared-history.ts";
import { migrateChats } from "../messages/migrate-chats.ts";
import { scanQr, typeCode } from "../pair.ts";
import { SandboxError } from "../sandbox-error.ts";
import { unlinkDevice } from "../unlink.ts";
import type { World } from "../world.ts";

/** What the owner of an account does with the phone's linked devices. */
export function pairingControl(world: World): Pick<SandboxControl, "scan" | "code" | "unlink" | "history" | "migrate"> {
  return {
    scan: async (input, signal) => waited(scanQr(world, input), signal),
    code: async (input, signal) => waited(typeCode(world, input), signal),
    history: async (input) => shareHistory(world, input),
    migrate: async ({ number, lidMigrated }) => migrateChats(world, world.directory.person(number), lidMigrated),
    async unlink({ number, device }) {
      const linked = [...(world.directory.known(number)?.companions.values() ?? [])];
      const gone = linked.filter(({ id }) => device === undefined || id === device);
      if (gone.length === 0) {
        const what = device === undefined ? "no device" : `no device ${device}`;
        throw new SandboxError("not_found", `${what} is linked to ${number}`);
      }
      for (const companion of gone) unlinkDevice(world, companion);
      return { unlinked: gone.length };
    },
  };
}

/** The phone has begun: whoever waits no longer leaves the linking to it, and to the client it links. */
async function waited(linking: Promise<LinkedDevice>, signal: AbortSignal): Promise<LinkedDevice> {
  const linked = await orAborted(linking, signal);
  if (linked === undefined) throw new SandboxError("unavailable", "nobody waits any more; the phone goes on linking");
  return linked;
}
