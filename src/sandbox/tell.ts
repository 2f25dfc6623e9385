import type { AppStateCollection } from "./history/app-state.ts";

/** A stanza as JSON; content that is text travels as bytes, other bytes are written in base64. */
export interface StanzaJson {
  readonly tag: string;
  readonly attrs: Readonly<Record<string, string>>;
  readonly content?: string | { readonly base64: string } | readonly StanzaJson[];
}

/** What linked devices are told beside messages, word for word: for whatever has no control of its own. */
export interface TellControl {
  /** A notification of WhatsApp, to every linked device. It gets id and time; `type` and `from` are among its attributes. */
  notify(input: {
    readonly number: string;
    readonly attrs: Readonly<Record<string, string>>;
    readonly content: readonly StanzaJson[];
  }): Promise<void>;
  /**
   * Any stanza, word for word, to every linked device: in the queue like all others when it has an id, else at once to
   * those who are online. A missing `t` is added to what is queued.
   */
  stanza(input: { readonly number: string; readonly stanza: StanzaJson }): Promise<void>;
  /** The owner changes a setting that phone and devices share; `value` is a SyncActionValue as protobuf JSON. */
  setting(input: {
    readonly number: string;
    readonly collection: AppStateCollection;
    readonly index: readonly string[];
    readonly value: Readonly<Record<string, unknown>>;
  }): Promise<void>;
  /**
   * The server loses a setting that the phone still has: its whole copy does not fit its checksum any more. Throws
   * `not_found` when there is none with this index.
   */
  loseSetting(input: {
    readonly number: string;
    readonly collection: AppStateCollection;
    readonly index: readonly string[];
  }): Promise<void>;
}
