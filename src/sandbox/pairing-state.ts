import type { EarlyNotices } from "./pairing/early-notices.ts";
import type { Ceremony } from "./passkey/ceremony.ts";
import type { PreKeyBundle } from "./signal/sim-device.ts";

/** A client that wants to be linked: what it brings, and what it was given. */
export interface PairingState {
  /** One for each QR code it may show. */
  readonly refs: readonly string[];
  /** When it got them, on the clock that never jumps. */
  readonly offeredMs: number;
  /** What it was notified of. */
  readonly notices: EarlyNotices;
  /** Id of the notification that retired the secret of the QR it had shown until then. */
  retiredBy: string | undefined;
  readonly registrationId: number;
  readonly identity: Uint8Array;
  readonly signedPreKey: PreKeyBundle["signedPreKey"];
  /** A pairing code was asked for. */
  link: LinkRequest | undefined;
  /** A phone is linking it right now. */
  isTaken: boolean;
  /** The phone that scanned, or whose code was typed, asks for its passkey. */
  ceremony?: Ceremony;
}

/** The companion's part of pairing by code. */
export interface LinkRequest {
  /** Whose phone is to type the code. */
  readonly number: string;
  readonly ref: Uint8Array;
  /** The companion's ephemeral key, wrapped with the code. */
  readonly wrapped: Uint8Array;
  /** The code is not taken any more. */
  isOver: boolean;
  /** Takes the companion's last word, once the phone has said hello; answers whether the code was right. */
  finish: ((last: LinkFinish) => boolean) | undefined;
}

/** What the companion sends to end pairing by code. */
export interface LinkFinish {
  readonly wrappedBundle: Uint8Array;
  readonly companionIdentity: Uint8Array;
}
