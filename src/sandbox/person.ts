import type { BinaryNode, proto } from "@whiskeysockets/baileys";
import type { AppState } from "./history/app-state.ts";
import type { Companion } from "./companion.ts";
import type { CatalogueProduct } from "./control.ts";
import type { Addressing } from "./jid.ts";
import type { Inbox } from "./messages/inbox.ts";
import type { Memory } from "./messages/memory.ts";
import type { Passkey } from "./passkey/passkey.ts";
import type { Reach } from "./reach/reach.ts";
import type { Serial } from "./serial.ts";
import type { AccountRefusal } from "./standing.ts";
import type { SimDevice } from "./signal/sim-device.ts";

/** A device that the sandbox plays: somebody's phone (0), or another device of a contact. */
export interface SimulatedDevice {
  readonly person: Person;
  readonly id: number;
  /** Its keys and sessions; made when they are first needed, because signing is slow. */
  readonly signal: () => SimDevice;
  /** Undefined while the keys were not needed yet. */
  readonly signalIfUsed: () => SimDevice | undefined;
  /** For work that looks at a session and then uses it. */
  readonly line: Serial;
  /** Which session with each client's device is the one in use. */
  readonly uses: Map<string, SessionUse>;
  /** How often it asked for each message that it could not decrypt. */
  readonly requests: Map<string, number>;
}

/** The session in use between a simulated device and a client's device. */
export interface SessionUse {
  /**
   * Where it is filed. Some clients keep one session for both addresses of a person: an older session at the other
   * address is no longer good for them.
   */
  readonly address: string;
  /** Names the last session that the client opened. */
  readonly baseKey: string | undefined;
  /** The next message opens a new session. */
  readonly renew: boolean;
}

/** Somebody with a number. Whoever has a linked client is an account; its phone is still played by the sandbox. */
export interface Person {
  readonly number: string;
  readonly lid: string;
  name: string;
  onWhatsApp: boolean;
  about: { text: string; at: number };
  /** Products, when the person is a business that shows some. */
  catalogue: readonly CatalogueProduct[];
  /** Whoever has a username shows nobody a number: stanzas name the LID and this. */
  username: string | undefined;
  /** Whether the person is online, once a control call or an own client has said so. */
  presence: { state: "available" | "unavailable"; at: number } | undefined;
  readonly devices: Map<number, SimulatedDevice>;
  readonly companions: Map<number, Companion>;
  /** What the own phone decrypted. */
  readonly inbox: Inbox;
  /** Messages written or received, for replies and re-sends. */
  readonly memory: Memory;
  /** How the conversation with each other number was last addressed. */
  readonly addressing: Map<string, Addressing>;
  /**
   * Devices that are gone and that the list of devices still names; `signed`: the phone's signed list of valid key
   * indexes, which comes along, lacks them.
   */
  readonly staleDevices: Map<number, "signed" | "unsigned">;
  /** Whether this person's chats were migrated from numbers to LIDs; a client learns it when it is linked. */
  lidMigrated: boolean;
  /** Set when a first client is linked. */
  account: Account | undefined;
  /** Set once somebody said whether linking asks for it. */
  passkey: Passkey | undefined;
  /** Whom its clients may write to first, once it is an account. */
  readonly reach: Reach;
}

/** What an account keeps at the server beside its devices. */
export interface Account {
  readonly platform: string;
  readonly business: string | undefined;
  /** Ids are not used twice: an unlinked device stays unlinked. */
  nextDevice: number;
  readonly blocked: Set<string>;
  readonly privacy: Map<string, string>;
  disappearing: { seconds: number; at: number };
  readonly appState: AppState;
  /** Its logins are refused with this: it is locked, restricted, banned… */
  refusal?: AccountRefusal | undefined;
}

/** A message as one who wrote or got it remembers it. */
export interface RememberedMessage {
  readonly id: string;
  /** Number of the other person, a group's jid, or `status@broadcast`. */
  readonly chat: string;
  /** Number of who wrote it. */
  readonly author: string;
  readonly at: number;
  readonly message: proto.IMessage;
  /** The stanza's attributes beside addresses and times, for whoever has to send it again. */
  readonly attrs: BinaryNode["attrs"];
  readonly addressing: Addressing;
  /** Which of the author's devices wrote it, when that was not the phone. */
  readonly device?: number;
}
