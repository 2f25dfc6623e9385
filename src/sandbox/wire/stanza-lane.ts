import type { BinaryNode } from "@whiskeysockets/baileys";
import { decodeStanza } from "./decode-stanza.ts";

/** Decodes and handles the stanzas of one connection, strictly one after the other. */
export interface StanzaLane {
  push(plain: Buffer): void;
  /** Drops what waits; the one being handled goes on. */
  clear(): void;
  isBusy(): boolean;
}

/** What a lane calls. */
export interface StanzaLaneHandlers {
  readonly handle: (node: BinaryNode) => Promise<void>;
  /** A stanza could not be decoded, or handling it failed. */
  readonly failed: (error: unknown) => void;
  /** Nothing waits any more. */
  readonly idle: () => void;
  /** Too much waits (true), or little enough again (false). */
  readonly pressed: (isFull: boolean) => void;
}

const maxWaiting = 1000;
const maxWaitingBytes = 32 * 1024 * 1024;

/** An empty lane. It takes what is pushed, but says when the source has to pause. */
export function createStanzaLane(handlers: StanzaLaneHandlers): StanzaLane {
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let isBusy = false;
  let isPressed = false;
  const press = (share: number): void => {
    const isFull = waiting.length > maxWaiting * share || waitingBytes > maxWaitingBytes * share;
    if (isFull !== isPressed) handlers.pressed(isFull);
    isPressed = isFull;
  };
  const run = async (): Promise<void> => {
    isBusy = true;
    for (let plain = waiting.shift(); plain !== undefined; plain = waiting.shift()) {
      waitingBytes -= plain.length;
      if (isPressed) press(0.5);
      try {
        await handlers.handle(await decodeStanza(plain));
      } catch (error) {
        handlers.failed(error);
      }
    }
    isBusy = false;
    handlers.idle();
  };
  return {
    push(plain) {
      waiting.push(plain);
      waitingBytes += plain.length;
      if (!isPressed) press(1);
      if (!isBusy) run().catch(handlers.failed);
    },
    clear() {
      waiting = [];
      waitingBytes = 0;
    },
    isBusy: () => isBusy,
  };
}
