import type { SandboxControl } from "../control.ts";
import { shareHistory } from "../history/shared-history.ts";
import { migrateChats } from "../messages/migrate-chats.ts";
import { scanQr, typeCode } from "../pair.ts";
import { SandboxError } from "../sandbox-error.ts";
import { unlinkDevice } from "../unlink.ts";
import type { World } from "../world.ts";

/** What the owner of an account does with the phone's linked devices. */
export function pairingControl(world: World): Pick<SandboxControl, "scan" | "code" | "unlink" | "history" | "migrate"> {
  return {
    scan: async (input, signal) => scanQr(world, input, signal),
    code: async (input, signal) => typeCode(world, input, signal),
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
