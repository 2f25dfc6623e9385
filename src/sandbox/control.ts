import type { proto } from "@whiskeysockets/baileys";
import type { ContentBody } from "./content-body.ts";
import type { SharedHistory } from "./history/shared-history.ts";
import type { TellControl } from "./tell.ts";

/** All a client needs to reach the simulated WhatsApp. */
export interface SandboxConfig {
  readonly websocketUrl: string;
  /** Hex of the 32-byte key that signs the server's certificate chain. */
  readonly rootPublicKey: string;
  /** Plain HTTP base of the media server. */
  readonly mediaUrl: string;
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

/** How the simulated people behave by themselves. */
export interface Behaviour {
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
  /** Devices the sandbox plays, the phone included. */
  readonly devices: number;
}

/** One decrypted message at a contact, in arrival order. */
export interface InboxEntry {
  /** Position in this contact's inbox, from 1; never reused. */
  readonly seq: number;
  readonly messageId: string;
  /** Number of the account that sent it. */
  readonly from: string;
  /** Chat it arrived in: the sender's jid, a group's jid or `status@broadcast`. */
  readonly chat: string;
  /** Epoch milliseconds of the first arrival. */
  readonly at: number;
  readonly type: string;
  readonly text?: string;
  readonly media?: MessageMedia;
  /** The whole message as protobuf JSON. */
  readonly content: Readonly<Record<string, unknown>>;
  /** What a vote, a response or an edit of an event says, opened with the secret of the question. */
  readonly opened?: OpenedAnswer;
  /** What the stanza said beside the ciphertext, e.g. `biz`; absent when that is nothing. */
  readonly nodes?: readonly ShownNode[];
  /** Arrivals of this message id at this contact (each device counts once per arrival on the phone). */
  readonly copies: number;
}

/** A part of a stanza; binary content is left out. */
export interface ShownNode {
  readonly tag: string;
  readonly attrs: Readonly<Record<string, string>>;
  readonly content?: readonly ShownNode[];
}

/** What was encrypted with the secret of the message it is about. */
export interface OpenedAnswer {
  /** Id of the poll or event. */
  readonly messageId: string;
  /** Texts of the options of a vote; none takes the vote back. */
  readonly options?: readonly string[];
  /** `GOING`, `NOT_GOING` or `MAYBE`. */
  readonly response?: string;
  readonly extraGuests?: number;
  /** The event as it is from now on, as protobuf JSON. */
  readonly edited?: Readonly<Record<string, unknown>>;
  /** Why it could not be opened. */
  readonly error?: string;
}

/** Where the bytes of a received media message are and what they claim to be. */
export interface MessageMedia {
  readonly kind: string;
  readonly mimetype?: string;
  readonly fileName?: string;
  readonly caption?: string;
  /** Bytes of the plain file. */
  readonly fileLength?: number;
  /** Base64 SHA-256 of the plain file. */
  readonly sha256?: string;
  readonly directPath?: string;
  /** Added by the HTTP routes: the file was downloaded, decrypted, and is what the message claims. */
  readonly verified?: boolean;
  /** Why it is not. */
  readonly error?: string;
}

/** What `describe` says of a message: the words the inbox shows. */
export interface MessageDescription {
  readonly type: string;
  readonly text?: string;
  readonly media?: MessageMedia;
  readonly content: Readonly<Record<string, unknown>>;
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

/** Kinds of injected fault. */
export type FaultType =
  | "disconnect"
  | "tcp-drop"
  | "silent"
  | "ack-delay"
  | "ack-drop"
  | "ack-error"
  | "iq-error"
  | "iq-timeout"
  | "upload-fail"
  | "download-fail"
  | "download-damage"
  | "decrypt-fail";

/** What a fault applies to; an absent field matches everything. */
export interface FaultMatch {
  /** The account's number, or for `decrypt-fail` the receiving contact's. */
  readonly number?: string;
  readonly messageId?: string;
  readonly xmlns?: string;
}

/** A rule that breaks something `times` times (default 1) and is then gone. */
export interface Fault {
  readonly type: FaultType;
  readonly match?: FaultMatch;
  readonly times?: number;
  /** `disconnect`: close code (default 503); `ack-error`, `iq-error`, `upload-fail`, `download-fail`: error code. */
  readonly code?: number;
  /** `ack-delay`: milliseconds; `silent`: how long (default until the socket closes). */
  readonly ms?: number;
}

/** What happened when a rule is looked up; a rule's match is compared with it field by field. */
export interface FaultContext {
  readonly number?: string;
  readonly messageId?: string;
  readonly xmlns?: string;
}

/** The list of injected faults. */
export interface FaultRules {
  /** The first rule of this type that fits, having used up one of its times. */
  match(type: FaultType, context: FaultContext): Fault | undefined;
  add(fault: Fault): void;
  clear(): void;
  list(): readonly Fault[];
}

/** Where encrypted media bytes live. Closed by whoever started it. */
export interface MediaServer extends AsyncDisposable {
  /** Host name that `media_conn` names, as clients put it into URLs. */
  readonly host: string;
  /** Plain HTTP base, `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Stores bytes as they are (already encrypted) and answers their path on the host; a stream is never held whole. */
  put(bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<{ readonly directPath: string; readonly url: string }>;
  get(directPath: string): Promise<Uint8Array | undefined>;
  /** Forgets every file. */
  clear(): Promise<void>;
}

/** A message already seen by whoever sends now, for replies, reactions, edits, revokes and votes. */
export interface KnownMessage {
  /** Key as the sender of the new message sees it (`fromMe`: the sender wrote the old one). */
  readonly key: { remoteJid: string; fromMe: boolean; id: string; participant?: string };
  /** Who wrote it, in the addressing of the chat, without device. */
  readonly authorJid: string;
  readonly message: proto.IMessage;
}

/** What turning a body into a message may need. */
export interface ContentContext {
  /** Epoch milliseconds. */
  readonly now: number;
  /** Jid of the sender without device, in the addressing of the chat (pn or lid). */
  readonly senderJid: string;
  /** Jid of the chat as the sender sees it: the peer, the group or `status@broadcast`. */
  readonly chatJid: string;
  readonly media: MediaServer;
  /** The message with this id that the sender sent or received, if it is still known. */
  readonly find: (messageId: string) => KnownMessage | undefined;
  /** Full jid of a number (or a jid, unchanged) in the addressing of the chat; for mentions. */
  readonly jidOf: (number: string) => string;
}

/** A built message and the stanza attributes that go with it. */
export interface BuiltMessage {
  readonly message: proto.IMessage;
  /** Attribute `type` of the stanza: `text`, `media`, `reaction`, `poll`, `event`. */
  readonly stanzaType: string;
  /** Attribute `edit` of the stanza (`1` edit, `7` revoke by sender, `8` revoke by admin). */
  readonly edit?: string;
}

/** Conversion between control bodies and protobuf messages. */
export interface ContentCodec {
  /** Throws a `SandboxError` (`invalid`, `not_found`, `not_supported`) for what it cannot build. */
  toMessage(body: ContentBody, context: ContentContext): Promise<BuiltMessage>;
  describe(message: proto.IMessage): MessageDescription;
}

/** One stanza that passed. */
export interface TraceStanza {
  readonly seq: number;
  readonly at: number;
  /** `in`: client to server. */
  readonly direction: "in" | "out";
  readonly number?: string;
  readonly device?: number;
  /** Readable form; binary content is shown as its length, never its bytes. */
  readonly stanza: string;
}

/** A query nobody here knows how to answer; the client got a 501. */
export interface UnhandledQuery {
  readonly at: number;
  readonly number?: string;
  readonly tag: string;
  readonly xmlns?: string;
  readonly type?: string;
  readonly child?: string;
  readonly stanza: string;
}

/** A message that a simulated device could not decrypt. */
export interface DecryptError {
  readonly at: number;
  /** Whose device failed. */
  readonly number: string;
  readonly from: string;
  readonly messageId: string;
  readonly error: string;
  /** A `decrypt-fail` fault asked for it. */
  readonly injected: boolean;
}

/** Something the sandbox refused because it was not honest on the wire. */
export interface Refusal {
  readonly at: number;
  readonly kind: "handshake" | "device-signature" | "pairing-code" | "login";
  readonly detail: string;
}

/** Something a client changed in the settings that phone and linked devices share (app state). */
export interface SettingChange {
  readonly at: number;
  /** The account. */
  readonly number: string;
  /** What it is about, e.g. `["deleteMessageForMe", chat, id, "0", "0"]`. */
  readonly index: readonly string[];
  /** As protobuf JSON; absent when it was removed. */
  readonly value?: Readonly<Record<string, unknown>>;
}

/** What passed lately; each list is bounded and keeps the newest. */
export interface Trace {
  readonly stanzas: readonly TraceStanza[];
  readonly unhandled: readonly UnhandledQuery[];
  readonly decryptErrors: readonly DecryptError[];
  readonly refusals: readonly Refusal[];
  readonly settings: readonly SettingChange[];
}

/** One linked device as `state` shows it. */
export interface DeviceState extends LinkedDevice {
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
}

/** A send by a contact. */
export interface ContactSendInput extends SendInput {
  /** Which of its addresses the contact writes from. Default: the one the conversation was last held on, else `pn`. */
  readonly addressing?: "pn" | "lid";
  /** Damages the ciphertext on the way; the client has to ask for a re-send. */
  readonly corrupt?: boolean;
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
export interface SandboxControl extends TellControl {
  config(): SandboxConfig;
  scan(input: ScanInput, signal: AbortSignal): Promise<LinkedDevice>;
  code(input: CodeInput, signal: AbortSignal): Promise<LinkedDevice>;
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
    /** It gets another profile picture, and everybody who is linked is told. */
    readonly newPicture?: true;
    /** What a business shows; replaces what it showed before. */
    readonly catalogue?: readonly CatalogueProduct[];
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
