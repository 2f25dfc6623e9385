import type { Stage } from "./stage.ts";

/** Something the simulated WhatsApp can be made to do. */
export interface Trigger {
  /** Name of the webhook it leads to, as the OpenAPI document has it: `ReceivedCallback.text`. */
  readonly webhook: `${string}Callback` | `${string}Callback.${string}`;
  /** For the list. */
  readonly summary: string;
  /** Makes it happen; answers the ids of what was sent, the one that matters last. */
  readonly fire: (stage: Stage) => Promise<readonly string[]>;
}
