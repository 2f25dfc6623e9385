import type { Behaviour } from "../control.ts";
import type { OpenedAnswer, ShownNode } from "../shown.ts";
import type { AppStateState } from "../history/app-state.ts";
import type { Addressing } from "../jid.ts";
import type { SavedPasskey } from "../passkey/passkey.ts";
import type { Account, Person, RememberedMessage, SessionUse } from "../person.ts";
import type { SavedReach } from "../reach/reach.ts";
import type { SimDeviceState } from "../signal/sim-device.ts";

/** The state file. Bytes, messages and stanzas are base64. */
export interface SavedWorld {
  readonly version: 1;
  readonly seed: string;
  readonly behaviour: Partial<Behaviour>;
  readonly unlinked: readonly string[];
  readonly pictures: readonly { readonly jid: string; readonly id: string; readonly directPath: string | undefined }[];
  readonly people: readonly SavedPerson[];
  /** What the groups saved of themselves. */
  readonly groups: unknown;
}

/** One person. */
export interface SavedPerson extends Pick<Person, "number" | "name" | "onWhatsApp" | "about"> {
  /** Absent in files from before there were catalogues. */
  readonly catalogue?: Person["catalogue"];
  readonly username?: string;
  /** Absent in files from before there were stale devices. */
  readonly staleDevices?: readonly (readonly [number, "signed" | "unsigned"])[];
  /** Absent in files from before accounts were told apart by it. */
  readonly lidMigrated?: boolean;
  readonly devices: readonly SavedDevice[];
  readonly companions: readonly SavedCompanion[];
  readonly inbox: { readonly lastSeq: number; readonly entries: readonly SavedEntry[] };
  readonly memory: readonly SavedMessage[];
  readonly addressing: readonly (readonly [string, Addressing])[];
  readonly account: SavedAccount | undefined;
  /** Absent in files from before there were passkeys. */
  readonly passkey?: SavedPasskey;
  /** Absent where nothing is restricted and no token was given. */
  readonly reach?: SavedReach;
}

/** A device the sandbox plays. */
export interface SavedDevice {
  readonly id: number;
  /** Undefined while its keys were not needed. */
  readonly signal: SimDeviceState | undefined;
  readonly uses: readonly (readonly [string, SessionUse])[];
}

/** A message in an inbox. */
export interface SavedEntry {
  readonly seq: number;
  readonly copies: number;
  readonly messageId: string;
  readonly from: string;
  readonly chat: string;
  readonly at: number;
  readonly message: string;
  readonly opened?: OpenedAnswer;
  readonly nodes?: readonly ShownNode[];
  readonly hosted?: true;
}

/** A message somebody remembers. */
export type SavedMessage = Omit<RememberedMessage, "message"> & { readonly message: string };

/** A public key with its number. */
export interface SavedKey {
  readonly id: number;
  readonly publicKey: string;
}

/** A linked device, with what waits for it. */
export interface SavedCompanion {
  readonly id: number;
  readonly noiseKey: string;
  readonly bootstrapped: boolean;
  readonly keys:
    | {
        readonly registrationId: number;
        readonly identity: string;
        readonly signedPreKey: SavedKey & { readonly signature: string };
      }
    | undefined;
  readonly preKeys: readonly SavedKey[];
  readonly queue: readonly string[];
  /** Which of them it refused, by place; absent when none, and in older files. */
  readonly refused?: readonly number[];
}

/** What an account keeps at the server. */
export interface SavedAccount extends Pick<Account, "platform" | "business" | "nextDevice" | "disappearing"> {
  readonly blocked: readonly string[];
  readonly privacy: readonly (readonly [string, string])[];
  readonly appState: AppStateState;
  /** Absent while its logins are let in. */
  readonly refusal?: Account["refusal"];
  /** In older files: it was locked for flooding. */
  readonly isLocked?: boolean;
}

/** Whether this is a state file that this version can read. */
export function isSavedWorld(state: unknown): state is SavedWorld {
  return typeof state === "object" && state !== null && "version" in state && state.version === 1 && "people" in state;
}
