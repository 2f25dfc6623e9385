import type { Rig } from "../support/rig.ts";
import { startReceiver } from "../support/receiver.ts";

/** Counts received messages as they come to a webhook in this process. */
export interface WebhookWatch extends AsyncDisposable {
  /** Counts from now on. */
  readonly reset: () => void;
  /** Once so many have come: when each did, epoch milliseconds with a fraction. */
  readonly arrivals: (count: number) => Promise<readonly number[]>;
}

/** Points the instance's webhook for received messages here. */
export async function watchWebhooks(rig: Rig): Promise<WebhookWatch> {
  const receiver = await startReceiver();
  let times: number[] = [];
  let waiting: { readonly count: number; readonly resolve: () => void } | undefined;
  receiver.behave((request) => {
    if (request.body.includes('"type":"ReceivedCallback"')) times.push(performance.timeOrigin + performance.now());
    if (waiting !== undefined && times.length >= waiting.count) waiting.resolve();
    return { kind: "status", status: 200 };
  });
  const answer = await rig.api("PUT", rig.instancePath("/update-webhook-received"), { value: receiver.url });
  if (!answer.ok) throw new Error(`the webhook is refused: ${answer.status} ${await answer.text()}`);
  return {
    reset: () => {
      times = [];
      waiting = undefined;
    },
    arrivals: async (count) => {
      if (times.length < count) await new Promise<void>((resolve) => (waiting = { count, resolve }));
      return times;
    },
    [Symbol.asyncDispose]: () => receiver[Symbol.asyncDispose](),
  };
}
