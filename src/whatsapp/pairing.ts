import type { QrTicket } from "#domain/session.ts";
import type { Clock } from "#lib/clock.ts";
import { qrLifeMs } from "./linking/qr-codes.ts";

/** The QR tickets of one session, and those who wait for one. */
export interface Pairing {
  readonly offer: (qr: string) => void;
  /** The present ticket has another text from now on, for as long as it lives. */
  readonly replace: (qr: string) => void;
  /** The socket that offered is gone, so is its ticket. */
  readonly withdraw: () => void;
  /** The present ticket while it can still be scanned, else the next one. Resolves undefined on abort. */
  readonly ticket: (signal: AbortSignal) => Promise<QrTicket | undefined>;
  /** Whether somebody waits: then pairing goes on when the QRs of one socket are used up. */
  readonly awaited: () => boolean;
}

/**
 * WhatsApp protocol: each connection gets six references; the first QR lives 60 s, the others 20 s, unless the socket
 * was told otherwise with `qrTimeoutMs`.
 */
export function createPairing(clock: Clock, options: { readonly qrTimeoutMs?: number }): Pairing {
  let current: QrTicket | undefined;
  let offered = 0;
  const waiting = new Set<(ticket: QrTicket) => void>();

  return {
    offer: (qr) => {
      const livesMs = options.qrTimeoutMs ?? (offered === 0 ? qrLifeMs.first : qrLifeMs.next);
      offered += 1;
      current = { qr, expiresAt: clock.now() + livesMs };
      for (const resolve of waiting) resolve(current);
      waiting.clear();
    },
    replace: (qr) => {
      if (current !== undefined) current = { ...current, qr };
    },
    withdraw: () => {
      current = undefined;
      offered = 0;
    },
    ticket: async (signal) => {
      if (signal.aborted) return undefined;
      if (current !== undefined && current.expiresAt > clock.now()) return current;
      const { promise, resolve } = Promise.withResolvers<QrTicket | undefined>();
      const abort = (): void => resolve(undefined);
      waiting.add(resolve);
      signal.addEventListener("abort", abort, { once: true });
      try {
        return await promise;
      } finally {
        waiting.delete(resolve);
        signal.removeEventListener("abort", abort);
      }
    },
    awaited: () => waiting.size > 0,
  };
}
