import type { GroupFeature } from "./feature.ts";
import { SandboxError } from "./sandbox-error.ts";

/** A world without groups: what asks for one is told so. */
export function noGroups(): GroupFeature {
  const refuse = async (): Promise<never> => {
    throw new SandboxError("not_supported", "this sandbox has no groups");
  };
  return {
    chats: [],
    iqs: {},
    control: { createGroup: refuse, groupSend: refuse, groupParticipants: refuse, groupPatch: refuse },
    list: () => [],
    snapshot: () => undefined,
    restore: () => undefined,
    clear: () => undefined,
  };
}
