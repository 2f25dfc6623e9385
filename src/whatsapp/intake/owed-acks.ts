import type { EventEmitter } from "node:events";
import type { BinaryNode } from "@whiskeysockets/baileys";
import { statusJid } from "#domain/jid.ts";
import type { Log } from "#lib/log.ts";
import { sleep } from "#lib/sleep.ts";

/** A stanza that the server never got a confirmation for. */
interface Owed {
  readonly class: string;
  readonly id: string;
  readonly type?: string;
}

/** The confirmation that a session owes, over its connections. */
export interface OwedAcks {
  /** Reads why a connection ended. */
  readonly closed: (error: unknown) => void;
  /** Whether the last connection ended because of it, and it has not been made good yet. */
  readonly isOwed: () => boolean;
  /** Makes it good on a new connection. */
  readonly payOn: (connection: PayingConnection) => void;
}

/** What paying needs of a connection that has just been made. */
export interface PayingConnection {
  /** Baileys' websocket client. */
  readonly ws: EventEmitter;
  readonly send: (ack: BinaryNode) => Promise<void>;
  /** Whether everything that arrived so far is durable. */
  readonly isIdle: () => boolean;
  readonly signal: AbortSignal;
}

/**
 * WhatsApp protocol: when the client has not confirmed a stanza for about fifty minutes, the server ends the stream with
 * an error that holds an `ack` with its class, id and type, and sends it again at the next login. Whatever we did about
 * it did not count; so after that login a plain ack for exactly this one leaves, once, behind its own treatment.
 */
export function createOwedAcks(deps: {
  readonly log: Log;
  /** Told which class of stanza it was; must not throw. */
  readonly unconfirmed?: (stanzaClass: string) => void;
}): OwedAcks {
  let owed: Owed | undefined;
  let wasNamed = false;

  async function pay(connection: PayingConnection, debt: Owed): Promise<void> {
    const copy = await arrival(connection, debt);
    while (!connection.signal.aborted && !connection.isIdle()) await sleep(idleCheckMs, connection.signal);
    if (connection.signal.aborted || owed !== debt) return;
    try {
      await connection.send(ackFor(debt, copy));
      owed = undefined;
      deps.log.info({ class: debt.class }, "the stanza that WhatsApp waited for is confirmed");
    } catch (error) {
      deps.log.debug({ error }, "the connection closed meanwhile");
    }
  }

  return {
    closed: (error) => {
      const named = namedBy(error);
      wasNamed = named !== undefined;
      if (named === undefined) return;
      owed = named;
      deps.unconfirmed?.(named.class);
      deps.log.warn({ class: named.class, type: named.type }, "WhatsApp waited in vain for a confirmation");
    },
    isOwed: () => wasNamed && owed !== undefined,
    payOn: (connection) => {
      if (owed !== undefined) void pay(connection, owed);
    },
  };
}

const idleCheckMs = 20;

/** Until it has come again, or all of the backlog has. */
async function arrival({ ws, signal }: PayingConnection, debt: Owed): Promise<BinaryNode | undefined> {
  const { promise, resolve } = Promise.withResolvers<BinaryNode | undefined>();
  const onFrame = (node: BinaryNode | Uint8Array): void => {
    if (!(node instanceof Uint8Array) && node.tag === debt.class && node.attrs["id"] === debt.id) resolve(node);
  };
  const onEnd = (): void => resolve(undefined);
  ws.on("frame", onFrame);
  ws.on("CB:ib,,offline", onEnd);
  signal.addEventListener("abort", onEnd, { once: true });
  try {
    return await promise;
  } finally {
    ws.off("frame", onFrame);
    ws.off("CB:ib,,offline", onEnd);
    signal.removeEventListener("abort", onEnd);
  }
}

function ackFor(debt: Owed, copy: BinaryNode | undefined): BinaryNode {
  const { from, participant, type = debt.type } = copy?.attrs ?? {};
  return {
    tag: "ack",
    attrs: {
      id: debt.id,
      class: debt.class,
      to: from ?? (debt.class === "status" ? statusJid : "s.whatsapp.net"),
      ...(participant === undefined ? {} : { participant }),
      ...(type === undefined || debt.class === "message" ? {} : { type }),
    },
  };
}

/** Baileys keeps the first child of a `<stream:error>` as the data of its error. */
function namedBy(error: unknown): Owed | undefined {
  const data: unknown = Object(error).data;
  const { tag, attrs }: { readonly tag?: unknown; readonly attrs?: unknown } = Object(data);
  if (tag !== "ack") return undefined;
  const named: Readonly<Record<string, unknown>> = Object(attrs);
  const { class: stanzaClass, id, type } = named;
  if (typeof stanzaClass !== "string" || typeof id !== "string") return undefined;
  return { class: stanzaClass, id, ...(typeof type === "string" ? { type } : {}) };
}
