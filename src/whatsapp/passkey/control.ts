import { WazapiError } from "#domain/errors.ts";
import type { PasskeyControl, PasskeyStage } from "#domain/passkey.ts";
import { passkeyStageTexts } from "#domain/passkey.ts";
import type { Session } from "../session.ts";

/** What can be done with the passkeys of the sessions of this process. */
export function passkeyControl(sessions: { readonly get: (instanceId: string) => Promise<Session> }): PasskeyControl {
  const ceremonyOf = async (instanceId: string) => {
    const ceremony = (await sessions.get(instanceId)).pairingSocket()?.passkey;
    if (ceremony !== undefined) return ceremony;
    throw new WazapiError("conflict", { message: "WhatsApp asks for no passkey now" });
  };
  return {
    passkey: async (instanceId) =>
      (await sessions.get(instanceId)).pairingSocket()?.passkey.view() ?? { stage: "none" },
    answerPasskey: async ({ instanceId, credential }) => {
      const session = await sessions.get(instanceId);
      // The challenge that this answers is over, which helps its user more than that there is none.
      if (session.state().passkey === undefined && session.state().reason === "passkey_expired") {
        throw new WazapiError("passkey_expired");
      }
      (await ceremonyOf(instanceId)).answer(credential);
    },
    comparePasskey: async ({ instanceId, match }) => (await ceremonyOf(instanceId)).compared(match),
  };
}

/** Throws while WhatsApp waits for the passkey of this account, with the stage in the code: no QR and no code helps then. */
export function refuseDuringPasskey(session: Pick<Session, "pairingSocket">): void {
  const stage = session.pairingSocket()?.passkey.view().stage ?? "none";
  if (stage !== "none") throw new WazapiError(codeOf[stage], { message: passkeyStageTexts[stage] });
}

const codeOf = {
  required: "passkey_required",
  waiting_phone: "passkey_waiting_phone",
  confirm: "passkey_confirm",
  linking: "passkey_linking",
} as const satisfies Record<PasskeyStage, string>;
