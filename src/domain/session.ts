import type { ChatLimits } from "./chat-limits.ts";
import type { Outgoing } from "./content.ts";
import type { Connection } from "./instance.ts";
import type { PasskeyControl } from "./passkey.ts";

/** A QR to be shown now. */
export interface QrTicket {
  /** Text to be drawn as a QR code. */
  readonly qr: string;
  /** Epoch milliseconds after which WhatsApp no longer takes it. */
  readonly expiresAt: number;
}

/** The version of WhatsApp Web that a session presents. */
export interface PresentedVersion {
  readonly version: readonly [number, number, number];
  /** `pinned` by a setting, `fetched` from WhatsApp Web, or `built-in` with the client library. */
  readonly source: "pinned" | "fetched" | "built-in";
  /** Epoch milliseconds at which it was fetched. */
  readonly fetchedAt?: number;
}

/** What a session is doing, seen from outside. */
export interface SessionView {
  readonly connection: Connection;
  /** Whether this process runs the socket. */
  readonly owned: boolean;
  /** Milliseconds since the last frame, whatever the clock was set to meanwhile; undefined without a socket here. */
  readonly silentForMs?: number;
  /** Reconnects since the last success, and when the next one is due (epoch milliseconds). */
  readonly retry?: { readonly failures: number; readonly nextAt: number };
  /** What it presents, and until when WhatsApp said it takes it (epoch milliseconds). */
  readonly version?: PresentedVersion & { readonly expiresAt?: number };
  /** What WhatsApp keeps the account from beginning, as far as it has said anything. */
  readonly newChats?: ChatLimits;
}

/** What the routes, the CLI and the workers can ask of the sessions. Every method throws `instance_not_found` for an unknown id. */
export interface SessionControl extends PasskeyControl {
  /** Makes sure a session runs (paired: it connects; unpaired: it offers QR codes). Returns at once. */
  readonly start: (instanceId: string) => Promise<void>;
  /** Closes the socket and opens it again; pairing stays. */
  readonly restart: (instanceId: string) => Promise<void>;
  /** Logs out at WhatsApp (the device disappears from the phone) and forgets the Signal state. */
  readonly logout: (instanceId: string) => Promise<void>;
  /** Closes the socket without a logout and stops reconnecting, e.g. before the instance is deleted. */
  readonly stop: (instanceId: string) => Promise<void>;
  readonly view: (instanceId: string) => Promise<SessionView>;
  /** Waits for the next QR; starts pairing when needed. Throws `already_paired`, `timeout`. */
  readonly qr: (instanceId: string, signal: AbortSignal) => Promise<QrTicket>;
  /** Eight characters to be typed on the phone with this number (digits). Throws `already_paired`, `timeout`. */
  readonly pairingCode: (
    input: { readonly instanceId: string; readonly phone: string; readonly customCode?: string },
    signal: AbortSignal,
  ) => Promise<string>;
  /** Profile of the own account; throws `not_connected`. */
  readonly profile: (instanceId: string) => Promise<OwnProfile>;
  readonly setProfile: (instanceId: string, change: ProfileChange) => Promise<void>;
  /**
   * Takes a message back for everybody, or another person's in private off the own devices. Throws `not_connected`,
   * `message_not_found` when nobody knows its author, `send_rejected`, `timeout`.
   */
  readonly deleteMessage: (input: MessageDeletion, signal: AbortSignal) => Promise<void>;
  /**
   * Tells the authors of these messages that they were read, as far as the account's privacy lets it. Throws
   * `not_connected`, `message_not_found` when in a group nobody knows an author.
   */
  readonly readMessages: (input: MessagesRead, signal: AbortSignal) => Promise<void>;
}

/** A message to be deleted. */
export interface MessageDeletion {
  readonly instanceId: string;
  /** JID of the chat it is in. */
  readonly chat: string;
  readonly messageId: string;
  /** Whether it is ours, as the caller says; a stored message knows better. */
  readonly fromMe: boolean;
  /** JID of its author, for a message that is not stored here. */
  readonly sender?: string;
}

/** Messages that were read. */
export interface MessagesRead {
  readonly instanceId: string;
  /** JID of the chat they are in. */
  readonly chat: string;
  readonly messageIds: readonly string[];
  /** JID of the author of those that are not stored here. */
  readonly sender?: string;
}

/** The own account as WhatsApp shows it. */
export interface OwnProfile {
  readonly phone: string;
  readonly lid?: string;
  readonly name?: string;
  readonly about?: string;
  readonly pictureUrl?: string;
  readonly isBusiness: boolean;
}

/** One change of the own profile. */
export type ProfileChange =
  | { readonly kind: "name"; readonly value: string }
  | { readonly kind: "about"; readonly value: string }
  | { readonly kind: "picture"; readonly image: Uint8Array };

/** What WhatsApp said to one message. */
export type SendResult =
  | {
      /** The server took it. */
      readonly outcome: "acked";
      /** Epoch milliseconds of the ack. */
      readonly at: number;
      /** JID the server knows the chat by. */
      readonly chatId: string;
      readonly senderId: string;
      readonly type: string;
      /** Encoded `WebMessageInfo` of what was sent. */
      readonly proto: Uint8Array;
    }
  | {
      /** The server refused it, or it can never be built. */
      readonly outcome: "rejected";
      /** `permanent` never works again; `restricted` may later. */
      readonly kind: "permanent" | "restricted";
      readonly error: string;
      /** Server's code (463, 479…), when there was one. */
      readonly code?: number;
      /** Epoch milliseconds until which such messages have to wait, when WhatsApp keeps the account from them. */
      readonly until?: number;
      /** The end that WhatsApp names; without one it is asked again at `until`. */
      readonly endsAt?: number;
    }
  | {
      /** Not sent or not known: the same message id may be sent again. */
      readonly outcome: "unknown";
      /**
       * `disconnected`: waiting, no attempt consumed. `timeout`: no ack in time. `unreadable`: WhatsApp answered, but
       * nobody could have read the message. `transient`: anything else.
       */
      readonly kind: "disconnected" | "timeout" | "unreadable" | "transient";
      readonly error: string;
      /** Server's code (500, 503…), when it gave one. */
      readonly code?: number;
    };

/** Why a message must not be tried now. */
export interface SendHold {
  /** Epoch milliseconds. */
  readonly until: number;
  /** `restriction`: WhatsApp keeps the account from new chats. `pause`: this chat was refused a moment ago. */
  readonly reason: "restriction" | "pause";
  /** Of a restriction, the end that WhatsApp names (epoch milliseconds); without one it is asked again at `until`. */
  readonly endsAt?: number;
}

/** What the queue needs of the sessions. */
export interface Sender {
  /** Whether a message could leave now. */
  readonly isOpen: (instanceId: string) => boolean;
  /** Resolves when the instance may be open again, or on abort. */
  readonly untilOpen: (instanceId: string, signal: AbortSignal) => Promise<void>;
  /**
   * Whether a message has to wait for itself before it is tried: undefined when it may go. A sender without it holds
   * nothing back. Must not throw.
   */
  readonly holds?: (input: {
    readonly instanceId: string;
    readonly outgoing: Outgoing;
  }) => Promise<SendHold | undefined>;
  /** Shows typing (or recording) in the chat; best effort, never throws. */
  readonly typing: (instanceId: string, to: string, state: "composing" | "recording" | "paused") => Promise<void>;
  /** Sends under this very message id and waits for the server's ack, at most `ackTimeoutMs`. Never throws. */
  readonly send: (
    input: {
      readonly instanceId: string;
      readonly messageId: string;
      readonly outgoing: Outgoing;
      readonly ackTimeoutMs: number;
    },
    signal: AbortSignal,
  ) => Promise<SendResult>;
}
