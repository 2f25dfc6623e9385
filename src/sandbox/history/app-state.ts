import type { BinaryNode, proto } from "@whiskeysockets/baileys";
import type { MediaServer } from "../control.ts";
import type { AppStateKey } from "./key-share.ts";

/** WhatsApp protocol: the collections of the app state. */
export const appStateCollections = [
  "critical_block",
  "critical_unblock_low",
  "regular_high",
  "regular",
  "regular_low",
] as const;

/** One of {@link appStateCollections}. */
export type AppStateCollection = (typeof appStateCollections)[number];

/** One change by the phone; a value sets, without one the index is removed. */
export interface AppStateChange {
  /** The words of the index, for example `["contact", jid]`. */
  readonly index: readonly string[];
  readonly value?: proto.ISyncActionValue;
}

/** The app state of one account, as server and phone hold it together. One operation at a time. */
export interface AppState {
  /** What the phone shares with a new companion. */
  readonly key: AppStateKey;
  /** The phone changes something; answers the new version, for a `server_sync` notification. */
  change(collection: AppStateCollection, changes: readonly AppStateChange[]): Promise<number>;
  /**
   * Answers one `collection` of a `w:sync:app:state` query: takes the companion's patch, if there is one, and gives what
   * it lacks. `changed` tells that other companions need a `server_sync` notification.
   */
  sync(collection: BinaryNode): Promise<{ readonly answer: BinaryNode; readonly changed: boolean }>;
  version(collection: AppStateCollection): number;
  /** Plain JSON for {@link restoreAppState}. */
  snapshot(): AppStateState;
}

/** All an app state remembers, as plain JSON. */
export interface AppStateState {
  readonly key: { readonly id: string; readonly data: string };
  readonly collections: Readonly<Record<string, unknown>>;
}

/** An empty app state whose key belongs to the seed. */
export function createAppState(_deps: { readonly media: MediaServer }, _seed: Uint8Array): AppState {
  throw new Error("being written");
}

/** The app state as it was at the snapshot. */
export function restoreAppState(_deps: { readonly media: MediaServer }, _state: AppStateState): AppState {
  throw new Error("being written");
}

/** The change that names a contact in the account's address book; its collection is `critical_unblock_low`. */
export function contactChange(_contact: {
  readonly jid: string;
  readonly lid: string;
  readonly name: string;
  readonly timestampMs: number;
}): AppStateChange {
  throw new Error("being written");
}

/** The change that sets the account's own name; its collection is `critical_block`. */
export function pushNameChange(_input: { readonly name: string; readonly timestampMs: number }): AppStateChange {
  throw new Error("being written");
}
