import type { ContentBody } from "./content-body.ts";
import type { DeviceControl } from "./device-control.ts";
import type { Fault } from "./fault.ts";
import type { SharedHistory } from "./history/shared-history.ts";
import type { LinkingControl } from "./linking-control.ts";
import type { Trace } from "./observed.ts";
import type { CeremonyInfo, PasskeyControl } from "./passkey/passkey-control.ts";
import type { ReachControl } from "./reach/reach-control.ts";
import type { InboxEntry } from "./shown.ts";
import type { StandingControl } from "./standing-control.ts";
import type { Strictness } from "./strictness.ts";
import type { TellControl } from "./tell.ts";

/** All a client needs to reach the simulated WhatsApp. */
export interface SandboxConfig {
  readonly websocketUrl: string;
  /** Hex of the 32-byte key that signs the server's certificate chain. */
  readonly rootPublicKey: string;
  /** Plain HTTP base of the media server. */
  readonly mediaUrl: string;
  /** Where the version of its WhatsApp Web can be read. */
  readonly versionUrl: string;
}

/** A companion device linked to an account. */
export interface LinkedDevice {
  readonly number: string;
  readonly device: number;
  readonly jid: string;
  readonly lid: string;
}

/** Ids of the messages of one send, in the order they were sent. */
export interface Sent {
  readonly messageIds: readonly string[];
}

/** How the simulated people behave by themselves, and how strict server and phones are. */
export interface Behaviour extends Strictness {
  /** Contacts' phones confirm delivery. Default true. */
  readonly autoDeliver: boolean;
  /** Contacts read what they get. Default false. */
  readonly autoRead: boolean;
  /** Wait before a receipt is sent. Default 100. */
  readonly receiptDelayMs: number;
  /** Contacts answer each text with the same text. Default false. */
  readonly echoBot: boolean;
}

/** A product that a business shows. */
export interface CatalogueProduct {
  readonly id: string;
  readonly name: string;
  readonly description?: string;
  /** ISO 4217. */
  readonly currency: string;
  /** In thousandths. */
  readonly price: number;
  readonly imageUrl?: string;
  readonly url?: string;
  readonly retailerId?: string;
}

/** A simulated person. */
export interface ContactInfo {
  readonly number: string;
  readonly lid: string;
  readonly name: string;
  readonly onWhatsApp: boolean;
  /** Devices the sandbox plays, the phone included and the provider's not. */
  readonly devices: number;
  /** A provider runs a device of it; absent when none does. */
  readonly hosted?: true;
}

/** A group as the control routes show it. */
export interface GroupInfo {
  /** Full jid, `…@g.us`. */
  readonly id: string;
  readonly subject: string;
  readonly description?: string;
  readonly owner: string;
  readonly participants: readonly { readonly number: string; readonly role: "superadmin" | "admin" | "member" }[];
  readonly requests: readonly string[];
  readonly announce: boolean;
  readonly locked: boolean;
  readonly ephemeralSeconds: number;
  readonly joinApproval: boolean;
  readonly membersAdd: boolean;
  readonly inviteCode: string;
}

/** One linked device as `state` shows it. */
export interface DeviceState extends LinkedDevice {
  /** Whether the account's chats are kept by LID. */
  readonly lidMigrated: boolean;
  readonly online: boolean;
  /** One-time pre-keys left on the server. */
  readonly preKeys: number;
  /** Stanzas not yet confirmed. */
  readonly queued: number;
  readonly presence?: string;
}

/** A client that waits to be paired. */
export interface WaitingClient {
  /** References of the QR codes it may show. */
  readonly refs: readonly string[];
  /** Number a pairing code was asked for. */
  readonly codeFor?: string;
  /** The ceremony with its user's passkey. */
  readonly passkey?: CeremonyInfo;
}

/** Everything the sandbox holds, in short. */
export interface SandboxState {
  readonly devices: readonly DeviceState[];
  readonly waiting: readonly WaitingClient[];
  readonly contacts: readonly ContactInfo[];
  readonly groups: readonly GroupInfo[];
  readonly behaviour: Behaviour;
  readonly faults: readonly Fault[];
}

/** Pairing by QR: what the phone's camera read. */
export interface ScanInput {
  readonly number: string;
  /** The whole QR text, with or without the link in front of it. */
  readonly qr: string;
  /** Push name of the account. */
  readonly name?: string;
  /** `iphone` (default), `android`, `smba` or `smbi`. */
  readonly platform?: string;
  /** Verified business name; makes the account a business account. */
  readonly business?: string;
}

/** Pairing by code: what the phone's owner typed. */
export interface CodeInput extends Omit<ScanInput, "qr"> {
  readonly code: string;
}

/** A send by a contact or by the own phone. */
export interface SendInput {
  /** Who sends. */
  readonly number: string;
  /** A number, a group's id or `status@broadcast`. */
  readonly to: string;
  readonly content: ContentBody;
  /** Sends this many, up to 10 000; `{n}` in a text becomes 1…count. */
  readonly count?: number;
  /** First id; only when count is 1. */
  readonly messageId?: string;
  /** It is written by the device that a provider runs, which knows no groups. */
  readonly hosted?: boolean;
}

/** A send by a contact. */
export interface ContactSendInput extends SendInput {
  /** Which of its addresses the contact writes from. Default: the one the conversation was last held on, else `pn`. */
  readonly addressing?: "pn" | "lid";
  /** Damages the ciphertext on the way; the client has to ask for a re-send. */
  readonly corrupt?: boolean;
  /** The message comes without anything to read, as those of advertisements do: only the own phone has it. */
  readonly placeholder?: boolean;
}

/** Changes to a group. */
export interface GroupPatch {
  readonly subject?: string;
  readonly description?: string;
  readonly announce?: boolean;
  readonly locked?: boolean;
  readonly ephemeralSeconds?: number;
  readonly joinApproval?: boolean;
  readonly membersAdd?: boolean;
}

/** Every control route as a method. Methods throw `SandboxError`. */
export interface SandboxControl
  extends TellControl, LinkingControl, PasskeyControl, DeviceControl, StandingControl, ReachControl {
  config(): SandboxConfig;
  scan(input: ScanInput, signal: AbortSignal): Promise<LinkedDevice>;
  code(input: CodeInput, signal: AbortSignal): Promise<LinkedDevice>;
  /**
   * Moves the chats of an account from numbers to LIDs, or back. The phone tells the devices that are linked of the
   * move to LIDs; a device that is linked later learns it then.
   */
  migrate(input: { readonly number: string; readonly lidMigrated: boolean }): Promise<void>;
  /** Unlinks one device, or all of the account's. */
  unlink(input: { readonly number: string; readonly device?: number }): Promise<{ readonly unlinked: number }>;
  phoneSend(input: SendInput, signal: AbortSignal): Promise<Sent>;
  /** Makes up a past and shares it with the linked devices; answers in how many chunks. */
  history(input: SharedHistory): Promise<{ readonly chunks: number }>;
  addContact(input: {
    readonly number: string;
    readonly name?: string;
    readonly onWhatsApp?: boolean;
    readonly devices?: number;
    /** Whether a provider runs a device of it, too: device 99, as those of companies on a hosted API have it. */
    readonly hosted?: boolean;
    /** It gets another profile picture, and everybody who is linked is told. */
    readonly newPicture?: true;
    /** What a business shows; replaces what it showed before. */
    readonly catalogue?: readonly CatalogueProduct[];
    /** It goes by this name and shows nobody its number; an empty one takes that back. */
    readonly username?: string;
  }): Promise<ContactInfo>;
  contactSend(input: ContactSendInput, signal: AbortSignal): Promise<Sent>;
  typing(input: {
    readonly number: string;
    readonly to: string;
    readonly state: "composing" | "recording" | "paused";
  }): Promise<void>;
  presence(input: {
    readonly number: string;
    readonly to: string;
    readonly state: "available" | "unavailable";
  }): Promise<void>;
  call(input: {
    readonly number: string;
    readonly to: string;
    readonly video?: boolean;
    /** The caller hangs up at once. */
    readonly missed?: boolean;
  }): Promise<{ readonly callId: string }>;
  receipt(input: {
    readonly number: string;
    readonly messageIds: readonly string[];
    readonly type: "delivered" | "read" | "played";
  }): Promise<void>;
  /**
   * Messages after `since` (default 0), oldest first. With none, waits up to `waitMs` for the first one; an abort ends
   * the wait with an empty list.
   */
  inbox(
    input: { readonly number: string; readonly since?: number; readonly waitMs?: number },
    signal: AbortSignal,
  ): Promise<readonly InboxEntry[]>;
  /**
   * `owner` is the first participant unless named. `addressing`: how members are named, by LID (default) or, as in old
   * groups, by number.
   */
  createGroup(input: {
    readonly subject: string;
    readonly participants: readonly string[];
    readonly owner?: string;
    readonly addressing?: "pn" | "lid";
  }): Promise<GroupInfo>;
  groupSend(
    input: { readonly group: string; readonly from: string; readonly content: ContentBody; readonly count?: number },
    signal: AbortSignal,
  ): Promise<Sent>;
  groupParticipants(input: {
    readonly group: string;
    readonly action: "add" | "remove" | "promote" | "demote" | "request" | "leave";
    readonly participants: readonly string[];
    readonly by?: string;
  }): Promise<GroupInfo>;
  groupPatch(input: { readonly group: string; readonly patch: GroupPatch; readonly by?: string }): Promise<GroupInfo>;
  behaviour(change: Partial<Behaviour>): Promise<Behaviour>;
  /**
   * `disconnect` and `tcp-drop` act at once on matching open sockets, which counts as one time however many there are;
   * what is left of their times waits for the next logins. All others wait for their moment.
   */
  addFault(fault: Fault): Promise<void>;
  clearFaults(): Promise<void>;
  trace(): Trace;
  state(): SandboxState;
  /** Forgets everyone and everything, closes every socket; the server's keys stay. */
  reset(): Promise<void>;
}
