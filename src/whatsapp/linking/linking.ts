import { getBinaryNodeChild, type BinaryNode, type WABrowserDescription, type WASocket } from "@whiskeysockets/baileys";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { ownJids } from "../own-account.ts";
import { newAdvSecret, replaceAdvSecret } from "./adv-secret.ts";
import { takeEarlyNotices, type EarlyNoticeHandler } from "./early-notices.ts";
import { createPairingCodes, type CodeEnd, type PairingCodes } from "./pairing-codes.ts";
import { offerQrCodes } from "./qr-codes.ts";

/** How a socket becomes a linked device. Ends with the socket. */
export interface Linking {
  /** The time of the QR codes stands still: none follows, and the socket is not ended for want of one. */
  readonly holdQr: () => void;
  /** Goes on with the next QR code. */
  readonly releaseQr: () => void;
  /** Asks for a pairing code; see `PairingCodes`. */
  readonly askCode: PairingCodes["ask"];
  /** Digits of the number whose phone took a code of this socket; undefined for one that scanned. */
  readonly codeTakenBy: () => string | undefined;
  /** Who takes the notifications of this type while no phone has accepted; each type has one taker. */
  readonly take: (type: string, handler: EarlyNoticeHandler) => void;
}

/** What linking works with. */
export interface LinkingDeps {
  readonly sock: WASocket;
  readonly browser: WABrowserDescription;
  /** Whether a ceremony is on that the present secret belongs to: it is not replaced then. */
  readonly ceremony?: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends with the socket. */
  readonly signal: AbortSignal;
}

/** What linking tells. */
export interface LinkingListener {
  /** A QR is to be shown: the next one, or the present one made anew (it lives as long as the one it replaces). */
  readonly qr: (qr: string, isNext: boolean) => void;
  /** The pairing code came to nothing. */
  readonly codeEnded: (end: CodeEnd) => void;
}

/** Takes over what Baileys does until a phone accepts. Call it when all other listeners are on the socket. */
export function openLinking(
  deps: LinkingDeps,
  options: { readonly qrTimeoutMs?: number },
  listener: LinkingListener,
): Linking {
  const { sock, log } = deps;
  const { creds } = sock.authState;
  // A code that an earlier connection saw accepted was never confirmed.
  if (ownJids(creds) === undefined) creds.registered = false;
  const codes = offerQrCodes(deps, options, listener.qr);
  const pairingCodes = createPairingCodes(deps, { secretChanged: codes.redraw, ended: listener.codeEnded });
  const handlers = new Map<string, EarlyNoticeHandler>([
    ["companion_reg_refresh", refresh],
    ["link_code_companion_reg", pairingCodes.take],
  ]);
  takeEarlyNotices({ ...deps, isLinked: () => ownJids(creds) !== undefined }, handlers);
  sock.ev.on("connection.update", ({ isNewLogin }) => {
    if (isNewLogin === true) codes.hold();
  });

  let askedFor: string | undefined;

  /**
   * WhatsApp protocol: the secret of what is shown is retired; the same reference is shown with another one. Not once a
   * pairing code was accepted, nor during a ceremony: the phone knows the present secret then.
   */
  function refresh(notice: BinaryNode): undefined {
    const isMeant = rotations.some((tag) => getBinaryNodeChild(notice, tag) !== undefined);
    if (!isMeant || creds.registered || codes.isHeld() || deps.ceremony?.() === true) return;
    replaceAdvSecret(sock, newAdvSecret());
    log.info({}, "WhatsApp retired the QR code; the present one is shown anew");
    codes.redraw();
  }

  return {
    holdQr: codes.hold,
    releaseQr: codes.release,
    askCode: async (input) => {
      const code = await pairingCodes.ask(input);
      askedFor = input.phone;
      codes.keepOpen(codeLifeMs);
      return code;
    },
    codeTakenBy: () => (creds.registered ? askedFor : undefined),
    take: (type, handler) => handlers.set(type, handler),
  };
}

/** As long as a connection lives whose QR codes nobody scans: a code that is asked for late has no less. */
const codeLifeMs = 160_000;

const rotations = ["companion_reg_refresh", "pair-device-rotate-qr"];
