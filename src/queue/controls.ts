import type { Clock } from "#lib/clock.ts";
import type { QueueStore } from "#store/queue.ts";
import type { Hold } from "./hold.ts";

/** What an operator can do to waiting messages. */
export type QueueControls = Pick<QueueStore, "cancel" | "purge" | "requeueFailed" | "release">;

/** Wraps the store's operations so that they reach a message in hand, and the lanes hear of them. */
export function createControls(
  deps: { readonly queue: QueueControls; readonly clock: Clock },
  lanes: {
    /** The message of this instance in hand. */
    readonly held: (instanceId: string) => Hold | undefined;
    /** The head of the line may have changed. */
    readonly rouse: (instanceId: string) => void;
  },
): QueueControls {
  const { queue } = deps;
  return {
    cancel: async (input) => {
      const answer = await queue.cancel(input);
      if (answer === "canceled") lanes.rouse(input.instanceId);
      if (answer !== "sending") return answer;
      const hold = lanes.held(input.instanceId);
      if (hold?.claim.zaapId !== input.zaapId) return answer;
      // Paced or typed only: it goes back into the line and is canceled there before anything else is claimed.
      return (await hold.interrupt("canceled", () => queue.cancel(input))) ?? answer;
    },
    purge: async (input) => {
      const purged = lanes.held(input.instanceId)?.interrupt("canceled", () => queue.purge(input));
      const count = await (purged ?? queue.purge(input));
      lanes.rouse(input.instanceId);
      return count;
    },
    release: async (input) => {
      const count = await queue.release(input);
      if (count > 0) lanes.rouse(input.instanceId);
      return count;
    },
    requeueFailed: async (input) => {
      const count = await queue.requeueFailed(input);
      if (count > 0) lanes.rouse(input.instanceId);
      return count;
    },
  };
}
