import { WazapiError } from "#domain/errors.ts";
import type { Session } from "./session.ts";

/**
 * Asks WhatsApp for a code that links the phone with this number. The code dies with its connection; a later request
 * starts over. Throws `already_paired`, `invalid_request` for a custom code that is not eight characters long,
 * `timeout`, `unavailable` when WhatsApp refuses.
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
  // WhatsApp protocol: a code can be asked for once the server has offered references for QRs.
  if ((await session.ticket(signal)) === undefined) throw new WazapiError("timeout");
  const { promise: given, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(new WazapiError("timeout"));
  signal.addEventListener("abort", abort, { once: true });
  try {
    const socket = session.pairingSocket();
    if (socket === undefined) throw new WazapiError("unavailable", { message: "the connection was lost; ask again" });
    return await Promise.race([socket.sock.requestPairingCode(input.phone, input.customCode), given]);
  } catch (error) {
    if (error instanceof WazapiError) throw error;
    throw new WazapiError("unavailable", { message: "WhatsApp gave no code", cause: error });
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
