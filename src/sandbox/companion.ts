import type { Connection } from "./connection.ts";
import type { LinkedDevice } from "./control.ts";
import { userJid } from "./jid.ts";
import type { Person } from "./person.ts";
import type { PreKeyBundle } from "./signal/sim-device.ts";
import type { StanzaQueue } from "./stanza-queue.ts";

/** The public keys of a linked device that every bundle carries. */
export interface CompanionKeys {
  readonly registrationId: number;
  readonly identity: Uint8Array;
  readonly signedPreKey: PreKeyBundle["signedPreKey"];
}

/** One one-time pre-key. */
export type PreKey = NonNullable<PreKeyBundle["preKey"]>;

/** A real client's device, linked to an account. */
export interface Companion {
  readonly person: Person;
  readonly id: number;
  /** Its long-term Noise key, by which it logs in. */
  readonly noiseKey: Uint8Array;
  /** Undefined for an adopted device that has not uploaded its keys yet. */
  readonly keys: () => CompanionKeys | undefined;
  readonly setKeys: (keys: CompanionKeys) => void;
  /** Resolves as soon as the keys are known; false when the signal aborted first. */
  readonly keysKnown: (signal: AbortSignal) => Promise<boolean>;
  /** One-time pre-keys that nobody took yet, oldest first. */
  readonly preKeys: PreKey[];
  readonly queue: StanzaQueue;
  /** App-state key and history were sent. */
  bootstrapped: boolean;
  /** The socket it is logged in on. */
  connection: Connection | undefined;
  presence: string | undefined;
  /** Numbers whose presence it wants to see. */
  readonly watched: Map<string, true>;
}

/** A device as it comes out of pairing, of an adopted login, or of the state file. */
export function createCompanion(
  input: Pick<Companion, "person" | "id" | "noiseKey" | "queue" | "bootstrapped"> & {
    readonly keys: CompanionKeys | undefined;
    readonly preKeys?: readonly PreKey[];
  },
): Companion {
  const { person, id, noiseKey, queue, bootstrapped } = input;
  let { keys } = input;
  const waiting = new Set<() => void>();
  return {
    person,
    id,
    noiseKey,
    queue,
    bootstrapped,
    preKeys: [...(input.preKeys ?? [])],
    connection: undefined,
    presence: undefined,
    watched: new Map(),
    keys: () => keys,
    setKeys(known) {
      keys = known;
      for (const wake of waiting) wake();
    },
    async keysKnown(signal) {
      if (keys === undefined && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const done = (): void => {
            waiting.delete(done);
            signal.removeEventListener("abort", done);
            resolve();
          };
          waiting.add(done);
          signal.addEventListener("abort", done, { once: true });
        });
      }
      return keys !== undefined;
    },
  };
}

/** How control answers name the device. */
export function linkedDevice({ person, id }: Companion): LinkedDevice {
  return {
    number: person.number,
    device: id,
    jid: userJid(person.number, "pn", id),
    lid: userJid(person.lid, "lid", id),
  };
}
