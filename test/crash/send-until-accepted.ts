import type { Rig } from "../support/rig.ts";
import { pause } from "./pause.ts";

/**
 * What a careful client does: repeats one send under one Idempotency-Key until it is accepted, whatever dies meanwhile.
 * Throws when the server says that the request itself is wrong.
 */
export async function sendUntilAccepted(
  rig: Rig,
  message: { readonly to: string; readonly text: string },
): Promise<{ readonly messageId: string; readonly text: string }> {
  const { to, text } = message;
  const key = text.replaceAll(/[^\w]+/g, "-");
  for (;;) {
    const response = await rig
      .api("POST", rig.instancePath("/send-text"), { phone: to, message: text }, { "idempotency-key": key })
      .catch(() => undefined);
    // A connection that breaks inside the body says nothing either.
    const body = await response?.text().catch(() => undefined);
    if (response?.ok === true && body !== undefined)
      return { text, messageId: (JSON.parse(body) as { messageId: string }).messageId };
    if (response !== undefined && response.status < 500) throw new Error(`send-text: ${response.status} ${body}`);
    await pause(20);
  }
}
