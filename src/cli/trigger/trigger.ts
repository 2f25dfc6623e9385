import type { Stage } from "./stage.ts";

type WebhookName = `${string}Callback` | `${string}Callback.${string}`;

/** Something the simulated WhatsApp can be made to do. */
export interface Trigger {
  /** Name of the webhook it leads to, as the OpenAPI document has it: `ReceivedCallback.text`; undefined: to none. */
  readonly webhook: WebhookName | undefined;
  /** For the list. */
  readonly summary: string;
  /** Makes it happen; answers the ids of what was sent, the one that matters last. */
  readonly fire: (stage: Stage) => Promise<readonly string[]>;
}
