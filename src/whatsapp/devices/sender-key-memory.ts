import type { WASocket } from "@whiskeysockets/baileys";
import { canonicalJid } from "#domain/jid.ts";
import type { AuthState } from "../auth-state.ts";

/** Which devices have our sender key of which group, as Baileys remembers it. Whoever is forgotten gets it with our next message. */
export interface SenderKeyMemory {
  /** Forgets all devices of a person, by these names, in every group. Resolves once that is durable. */
  readonly forgetPerson: (names: readonly string[]) => Promise<void>;
  /** Forgets one device in one group. */
  readonly forgetDevice: (group: string, device: string) => Promise<void>;
  /** Forgets everybody in one group. */
  readonly forgetGroup: (group: string) => Promise<void>;
}

/** What it works with. */
export interface SenderKeyMemoryDeps {
  readonly sock: Pick<WASocket, "authState">;
  readonly auth: Pick<AuthState, "creds" | "keyIds">;
}

/** Groups that are looked through in one transaction: a send waits meanwhile. */
const pageSize = 50;

/**
 * The memory of one account. Every change takes the lock of Baileys' sends, which read the memory, add to it and write
 * it back.
 */
export function createSenderKeyMemory({ sock, auth }: SenderKeyMemoryDeps): SenderKeyMemory {
  const { keys } = sock.authState;
  const locked = async (work: () => Promise<void>): Promise<void> =>
    await keys.transaction(work, auth.creds.me?.id ?? "");

  async function forget(groups: readonly string[], isGone: (device: string) => boolean): Promise<void> {
    const found = await keys.get("sender-key-memory", [...groups]);
    const changed = Object.entries(found).flatMap(([group, devices]) => {
      const kept = Object.entries(devices).filter(([device]) => !isGone(device));
      return kept.length === Object.keys(devices).length ? [] : [[group, Object.fromEntries(kept)] as const];
    });
    if (changed.length > 0) await keys.set({ "sender-key-memory": Object.fromEntries(changed) });
  }

  return {
    forgetPerson: async (names) => {
      for (let afterId = ""; ;) {
        const groups = await auth.keyIds("sender-key-memory", { afterId, limit: pageSize });
        const last = groups.at(-1);
        if (last === undefined) return;
        await locked(() => forget(groups, (device) => names.includes(canonicalJid(device))));
        if (groups.length < pageSize) return;
        afterId = last;
      }
    },
    forgetDevice: (group, device) => locked(() => forget([group], (known) => known === device)),
    forgetGroup: (group) => locked(() => forget([group], () => true)),
  };
}
