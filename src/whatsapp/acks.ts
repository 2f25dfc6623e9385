import type { EventEmitter } from "node:events";
import type { BinaryNode } from "@whiskeysockets/baileys";

/** What the server said to one message. */
export interface Ack {
  /** Server's refusal, when it refused. */
  readonly code?: number;
  /** The recipient has another LID than we wrote to: it is to be asked for before the next message. */
  readonly refreshLid?: true;
  /** Hash of the devices that the message should have been for; the server sends it when ours was another. */
  readonly phash?: string;
}

/** A wait for one ack. */
export interface ExpectedAck {
  /** Undefined when the wait was given up or the socket closed. */
  readonly received: Promise<Ack | undefined>;
  readonly giveUp: () => void;
}

/** The acks of one socket. */
export interface Acks {
  readonly expect: (messageId: string) => ExpectedAck;
  /** The socket is gone: no ack will come. */
  readonly close: () => void;
}

/**
 * WhatsApp protocol: `<ack class="message" id>` says that the server has the message, with `error` that it refuses it.
 * `refresh_lid` (whatsapp-rust #1313, Baileys #2661) and `phash` (whatsapp-rust #494) say that we wrote to an outdated
 * LID or outdated devices.
 */
export function collectAcks(ws: EventEmitter): Acks {
  const waiting = new Map<string, (ack: Ack | undefined) => void>();
  let closed = false;
  const onAck = ({ attrs }: BinaryNode): void => {
    const resolve = waiting.get(attrs["id"] ?? "");
    resolve?.(readAck(attrs));
  };
  ws.on("CB:ack,class:message", onAck);

  return {
    expect: (messageId) => {
      const { promise, resolve } = Promise.withResolvers<Ack | undefined>();
      if (closed) resolve(undefined);
      else waiting.set(messageId, resolve);
      return {
        received: promise.finally(() => {
          if (waiting.get(messageId) === resolve) waiting.delete(messageId);
        }),
        giveUp: () => resolve(undefined),
      };
    },
    close: () => {
      closed = true;
      ws.off("CB:ack,class:message", onAck);
      for (const resolve of waiting.values()) resolve(undefined);
    },
  };
}

function readAck({ error, refresh_lid: refreshLid, phash }: BinaryNode["attrs"]): Ack {
  return {
    ...(error !== undefined && { code: Number(error) }),
    ...(refreshLid === "true" && { refreshLid: true as const }),
    ...(phash !== undefined && { phash }),
  };
}
