import { encodeBinaryNode, type BinaryNode, type proto } from "@whiskeysockets/baileys";
import type { RawData, WebSocket } from "ws";
import { SandboxError } from "../sandbox-error.ts";
import { createFrameReader } from "./frame-reader.ts";
import { answerHello, type Established, type HelloAnswer } from "./noise-handshake.ts";
import { createNoiseCipher, type NoiseCipher } from "./noise-state.ts";
import type { ServerKeys } from "./server-keys.ts";
import { createStanzaLane } from "./stanza-lane.ts";

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
  /** Cuts the connection at once, as a broken network does; stanzas that wait to be handled are dropped. */
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
  /** The client broke the protocol, or a handler failed; the client is cut off and `closed` follows. */
  refused(detail: string): void;
}

const kib = 1024;
const mib = 1024 * kib;
/** WhatsApp protocol: the length of a frame is written in three bytes. */
const maxFrameBytes = 16 * mib - 1;
/** A sealed stanza is 16 bytes longer than the stanza. */
const maxStanzaBytes = maxFrameBytes - 16;
const maxHandshakeFrameBytes = 64 * kib;
const handshakeMs = 20_000;
/** A client that leaves this much unread is cut off. */
const maxUnreadBytes = 64 * mib;

/** Takes over a fresh socket: handshake, framing and encryption. Nothing a client sends makes it throw. */
export function acceptNoise(ws: WebSocket, keys: ServerKeys, handlers: NoiseHandlers): void {
  let stage: "hello" | "finish" | "open" | "over" = "hello";
  let intro: Uint8Array = new Uint8Array(0);
  let finish: HelloAnswer["finish"];
  let incoming: NoiseCipher | undefined;

  const end = (): void => {
    stage = "over";
    lane.clear();
    clearTimeout(deadline);
  };
  const refuse = (error: unknown): void => {
    if (stage === "over") return;
    end();
    handlers.refused(error instanceof Error ? error.message : String(error));
    ws.terminate();
  };
  const deadline = setTimeout(() => refuse("there was no handshake in time"), handshakeMs);
  const isOpen = (): boolean => stage === "open" && ws.readyState === ws.OPEN;
  const lane = createStanzaLane({
    handle: async (node) => handlers.stanza(node),
    failed: refuse,
    pressed: (isFull) => (isFull ? ws.pause() : ws.resume()),
    idle: () => {
      if (ws.readyState === ws.CLOSED) handlers.closed();
    },
  });

  const establish = ({ clientStatic, payload, clientKey, serverKey }: Established): void => {
    clearTimeout(deadline);
    stage = "open";
    incoming = createNoiseCipher(clientKey);
    const outgoing = createNoiseCipher(serverKey);
    handlers.opened({
      clientStatic,
      payload,
      isOpen,
      send(node) {
        if (!isOpen()) return false;
        const plain = encodeBinaryNode(node);
        if (plain.length > maxStanzaBytes) throw new SandboxError("invalid", "the stanza is too long for a frame");
        writeFrame(ws, outgoing.seal(plain));
        if (ws.bufferedAmount > maxUnreadBytes) refuse("the client reads nothing");
        return true;
      },
      close() {
        end();
        ws.close();
      },
      drop() {
        end();
        ws.terminate();
      },
    });
  };
  const takeFrame = (frame: Buffer): void => {
    if (stage === "hello") {
      const hello = answerHello(keys, intro, frame);
      writeFrame(ws, hello.answer);
      finish = hello.finish;
      stage = "finish";
      if (hello.established !== undefined) establish(hello.established);
    } else if (stage === "finish" && finish !== undefined) {
      establish(finish(frame));
    } else if (stage === "open" && incoming !== undefined) {
      lane.push(incoming.open(frame));
    }
  };
  const reader = createFrameReader({
    intro: (header) => {
      intro = header;
    },
    frame: takeFrame,
    maxFrameBytes: () => (stage === "open" ? maxFrameBytes : maxHandshakeFrameBytes),
  });

  ws.on("message", (data, isBinary) => {
    if (stage === "over") return;
    try {
      if (!isBinary) throw new Error("the client sent text");
      reader.feed(asBuffer(data));
    } catch (error) {
      refuse(error);
    }
  });
  ws.on("error", refuse);
  ws.on("close", () => {
    // What arrived before the end is still handled.
    if (lane.isBusy()) return;
    end();
    handlers.closed();
  });
}

function writeFrame(ws: WebSocket, body: Uint8Array): void {
  const head = Buffer.alloc(3);
  head.writeUIntBE(body.length, 0, 3);
  ws.send(Buffer.concat([head, body]));
}

function asBuffer(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
