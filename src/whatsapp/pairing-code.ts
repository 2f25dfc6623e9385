import { WazapiError } from "#domain/errors.ts";
import { refuseDuringPasskey } from "./passkey/control.ts";
import type { Session } from "./session.ts";

/**
 * Asks WhatsApp for a code that links the phone with this number. The code dies with its connection; a later request
 * starts over. Throws `already_paired`, `invalid_request` for a custom code that is not eight characters long,
 * `pairing_refused` and `rate_limited` when WhatsApp refuses, `timeout`, `unavailable`.
 */
export async function requestPairingCode(
  session: Session,
  input: { readonly phone: string; readonly customCode?: string },
  signal: AbortSignal,
): Promise<string> {
  if (session.state().paired) throw new WazapiError("already_paired");
  if (input.customCode !== undefined && input.customCode.length !== 8) {
    throw new WazapiError("invalid_request", {
      message: "a pairing code has eight characters",
      details: { field: "customCode" },
    });
  }
  await session.apply({ type: "start" });
  if (session.state().paired) throw new WazapiError("already_paired");
  refuseDuringPasskey(session);
  // WhatsApp protocol: a code can be asked for once the server has offered references for QRs.
  const ticket = await session.ticket(signal);
  refuseDuringPasskey(session);
  if (ticket === undefined) throw new WazapiError("timeout");
  const { promise: given, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(new WazapiError("timeout"));
  signal.addEventListener("abort", abort, { once: true });
  try {
    const socket = session.pairingSocket();
    if (socket === undefined) throw new WazapiError("unavailable", { message: "the connection was lost; ask again" });
    const code = await Promise.race([socket.linking.askCode(input), given]);
    await session.apply({ type: "pairingStep", reason: "code_waiting" });
    return code;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
