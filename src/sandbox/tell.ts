import type { AppStateCollection } from "./history/app-state.ts";

/** A stanza as JSON; content that is text travels as bytes. */
export interface StanzaJson {
  readonly tag: string;
  readonly attrs: Readonly<Record<string, string>>;
  readonly content?: string | readonly StanzaJson[];
}

/** What linked devices are told beside messages, word for word: for whatever has no control of its own. */
export interface TellControl {
  /** A notification of WhatsApp, to every linked device. It gets id and time; `type` and `from` are among its attributes. */
  notify(input: {
    readonly number: string;
    readonly attrs: Readonly<Record<string, string>>;
    readonly content: readonly StanzaJson[];
  }): Promise<void>;
  /** The owner changes a setting that phone and devices share; `value` is a SyncActionValue as protobuf JSON. */
  setting(input: {
    readonly number: string;
    readonly collection: AppStateCollection;
    readonly index: readonly string[];
    readonly value: Readonly<Record<string, unknown>>;
  }): Promise<void>;
}
