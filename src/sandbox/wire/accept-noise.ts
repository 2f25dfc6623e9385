import type { BinaryNode, proto } from "@whiskeysockets/baileys";
import type { WebSocket } from "ws";
import type { ServerKeys } from "./server-keys.ts";

/** A client whose handshake is done. */
export interface NoiseLink {
  /** The client's long-term Noise key, 32 bytes; it proved that it owns it. */
  readonly clientStatic: Uint8Array;
  /** Who the client says it is: a login, or what a new device wants to be registered with. */
  readonly payload: proto.IClientPayload;
  /** Writes a stanza; false when the link is closed and nothing was written. Throws `invalid` for more than 16 MiB. */
  send(node: BinaryNode): boolean;
  /** Closes in an orderly way after what was sent; stanzas that wait to be handled are dropped. */
  close(): void;
  /** Cuts the connection at once, as a broken network does. */
  drop(): void;
  isOpen(): boolean;
}

/** What happens on an accepted socket, in this order: `opened`, any number of `stanza`, `closed`. */
export interface NoiseHandlers {
  opened(link: NoiseLink): void;
  /** Called strictly one after the other, in the order of arrival: the next one waits for the promise. */
  stanza(node: BinaryNode): Promise<void>;
  /** Called once per socket, after the last stanza that arrived has been handled. */
  closed(): void;
  /** The client broke the protocol and is cut off; `closed` follows. */
  refused(detail: string): void;
}

/** Takes over a fresh socket: handshake, framing and encryption. Nothing a client sends makes it throw. */
export function acceptNoise(_ws: WebSocket, _keys: ServerKeys, _handlers: NoiseHandlers): void {
  throw new Error("being written");
}
