import {
  buildPairingQRData,
  getBinaryNodeChild,
  getBinaryNodeChildren,
  S_WHATSAPP_NET,
  type BinaryNode,
  type WABrowserDescription,
  type WASocket,
} from "@whiskeysockets/baileys";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { sleep } from "#lib/sleep.ts";

/** WhatsApp protocol: how long the first of a connection's QR codes lives, and each of the others; milliseconds. */
export const qrLifeMs = { first: 60_000, next: 20_000 } as const;

/** The QR codes of one socket. */
export interface QrCodes {
  /** No other code follows and the socket is not ended for want of one, until `release`. */
  readonly hold: () => void;
  /** Goes on with the next code. */
  readonly release: () => void;
  readonly isHeld: () => boolean;
  /** Shows the present code again, made with the secret as it is now. */
  readonly redraw: () => void;
  /** The socket is not ended before so many milliseconds are over, also when no code is left to be shown. */
  readonly keepOpen: (ms: number) => void;
}

/**
 * Takes the QR codes over from Baileys, whose timer cannot be stopped and who reads the secret once. Each reference that
 * WhatsApp gives is shown for its time; when they are used up the socket is ended with 408, as Baileys does. `show` gets
 * the text, and whether it is the next code or the present one made anew.
 */
export function offerQrCodes(
  deps: {
    readonly sock: Pick<WASocket, "ws" | "sendNode" | "end" | "authState">;
    readonly browser: WABrowserDescription;
    readonly clock: Clock;
    readonly log: Log;
    /** Ends with the socket. */
    readonly signal: AbortSignal;
  },
  options: { readonly qrTimeoutMs?: number },
  show: (qr: string, isNext: boolean) => void,
): QrCodes {
  const { sock, signal } = deps;
  let waiting: readonly string[] = [];
  let present: string | undefined;
  let isHeld = false;
  let isFirst = true;
  let openUntilMs = 0;
  let turn = new AbortController();

  function draw(ref: string, isNext: boolean): void {
    const { noiseKey, signedIdentityKey, advSecretKey } = sock.authState.creds;
    const base64 = (key: Uint8Array): string => Buffer.from(key).toString("base64");
    const keys = [base64(noiseKey.public), base64(signedIdentityKey.public)] as const;
    show(buildPairingQRData(ref, ...keys, advSecretKey, deps.browser), isNext);
  }

  async function run(): Promise<void> {
    turn.abort();
    const mine = new AbortController();
    turn = mine;
    const over = AbortSignal.any([mine.signal, signal]);
    while (!over.aborted) {
      [present, ...waiting] = waiting;
      if (present === undefined) {
        await sleep(openUntilMs - deps.clock.monotonicMs(), over);
        if (!over.aborted) await sock.end(usedUp());
        return;
      }
      draw(present, true);
      const lifeMs = options.qrTimeoutMs ?? (isFirst ? qrLifeMs.first : qrLifeMs.next);
      isFirst = false;
      await sleep(lifeMs, over);
    }
  }

  const event = "CB:iq,type:set,pair-device";
  sock.ws.removeAllListeners(event);
  sock.ws.on(event, (offer: BinaryNode) => {
    const { id = "" } = offer.attrs;
    sock
      .sendNode({ tag: "iq", attrs: { to: S_WHATSAPP_NET, type: "result", id } })
      .catch((error: unknown) => deps.log.debug({ error }, "the offer of QR codes was not answered"));
    waiting = getBinaryNodeChildren(getBinaryNodeChild(offer, "pair-device"), "ref").flatMap(textOf);
    isFirst = true;
    if (!isHeld) void run();
  });

  return {
    hold: () => {
      isHeld = true;
      present = undefined;
      turn.abort();
    },
    release: () => {
      if (!isHeld) return;
      isHeld = false;
      void run();
    },
    isHeld: () => isHeld,
    keepOpen: (ms) => {
      openUntilMs = deps.clock.monotonicMs() + ms;
    },
    redraw: () => {
      if (present !== undefined) draw(present, false);
    },
  };
}

/** The server may write bytes or text. */
function textOf({ content }: BinaryNode): string[] {
  if (typeof content === "string") return [content];
  return content instanceof Uint8Array ? [Buffer.from(content).toString("utf8")] : [];
}

/** Read like the errors of Baileys, which are of a kind that carries an HTTP status. */
function usedUp(): Error {
  return Object.assign(new Error("the QR codes of this connection are used up"), { output: { statusCode: 408 } });
}
