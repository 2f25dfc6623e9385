import type { PasskeyFaultType } from "./passkey/passkey-faults.ts";

/** Kinds of injected fault. */
export type FaultType =
  | "disconnect"
  | "tcp-drop"
  | "upgrade-refuse"
  | "settings-damage"
  | "settings-omit"
  | "settings-more"
  | "silent"
  | "deaf"
  | "ack-delay"
  | "ack-drop"
  | "ack-error"
  | "confirm-drop"
  | "retry-drop"
  | "ack-refresh-lid"
  | "ack-phash"
  | "iq-error"
  | "iq-timeout"
  | "upload-fail"
  | "download-fail"
  | "download-damage"
  | "decrypt-fail"
  | PasskeyFaultType;

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
  /** `disconnect`: close code (default 503); `ack-error`, `iq-error`, `upload-fail`, `download-fail`: error code; `upgrade-refuse`: HTTP status (default 503). */
  readonly code?: number;
  /**
   * `ack-delay`: milliseconds; `silent`: how long (default until the socket closes); `upgrade-refuse`: what
   * `Retry-After` asks for, in whole seconds.
   */
  readonly ms?: number;
  /** `disconnect`: it is a `<failure>` with these attributes beside its reason, whatever the code. */
  readonly attrs?: Readonly<Record<string, string>>;
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
