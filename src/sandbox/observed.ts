import type { PasskeyRefusal } from "./passkey/refusals.ts";

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
  readonly kind:
    | "handshake"
    | "device-signature"
    | "pairing-code"
    | "login"
    | "version"
    | "missing-ack"
    | "double-ack"
    | "reach-out"
    | "flood"
    | PasskeyRefusal;
  readonly detail: string;
}

/** Something a client left out that the real WhatsApp lets pass but the recipient misses. */
export interface Lapse {
  readonly at: number;
  /** The account. */
  readonly number: string;
  readonly messageId: string;
  readonly lapse: string;
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

/** A login as the device described itself. */
export interface Login {
  readonly at: number;
  readonly number: string;
  readonly device: number;
  /** Of WhatsApp Web, as it says. */
  readonly version: string;
  /** WhatsApp protocol: `lc`, how often this device has logged in; absent when it does not say. */
  readonly loginCounter?: number;
  /** WhatsApp protocol: `connectAttemptCount`; absent when it does not say. */
  readonly connectAttempts?: number;
}

/** What passed lately; each list is bounded and keeps the newest. */
export interface Trace {
  readonly stanzas: readonly TraceStanza[];
  readonly unhandled: readonly UnhandledQuery[];
  readonly decryptErrors: readonly DecryptError[];
  readonly refusals: readonly Refusal[];
  readonly lapses: readonly Lapse[];
  readonly settings: readonly SettingChange[];
  readonly logins: readonly Login[];
}
