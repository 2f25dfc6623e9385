import type { BinaryNode } from "@whiskeysockets/baileys";
import type { AuthState } from "../auth-state.ts";
import { createBothNames } from "../devices/both-names.ts";
import type { DeviceCache } from "../devices/device-cache.ts";
import { noteDevices } from "../devices/device-notices.ts";
import { honourKeyIndexes } from "../devices/key-indexes.ts";
import { createSenderKeyMemory } from "../devices/sender-key-memory.ts";
import { pastStaleDevices, type PastStaleDevices } from "../devices/stale-devices.ts";
import { ownJids } from "../own-account.ts";
import { createRetryAnswers, type RetryAnswersDeps } from "./retry-answers.ts";

/** What one socket does about the devices of the people it writes to. */
export interface FollowedPeople {
  /** For the gate: true for requests to send again, which are answered and acknowledged from here. */
  readonly takeOver: (stanza: BinaryNode) => Promise<boolean>;
  readonly pastStaleDevices: PastStaleDevices;
}

/** Puts the parts together; `sock` is the socket right after it was made. */
export function followPeople(
  deps: Omit<RetryAnswersDeps, "senderKeys" | "bothNames"> & {
    readonly auth: AuthState;
    readonly devices: DeviceCache;
  },
  instanceId: string,
): FollowedPeople {
  const { sock, auth, devices } = deps;
  const senderKeys = createSenderKeyMemory({ sock, auth });
  const bothNames = createBothNames(sock);
  const answersRetry = createRetryAnswers({ ...deps, senderKeys, bothNames }, instanceId);
  honourKeyIndexes(sock.ws);
  return {
    takeOver: async (stanza) => {
      if (answersRetry(stanza)) return true;
      await noteDevices({ ...deps, senderKeys, bothNames, devices }, stanza);
      return false;
    },
    pastStaleDevices: pastStaleDevices({ ...deps, own: () => ownJids(auth.creds) }),
  };
}
