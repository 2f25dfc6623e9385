import { newMessageId, newZaapId } from "#domain/ids.ts";
import type { ClaimedMessage, QueuedMessage, QueueState, QueueStore } from "#store/queue.ts";
import type { Store } from "#store/store.ts";
import { t0 } from "./adapter.ts";

/** How long a claim of these tests lives. */
export const leaseMs = 10_000;

/** States in which a message still has to be sent. */
export const waitingStates: readonly QueueState[] = ["queued", "sending"];

/** What `enqueue` takes. */
export type EnqueueInput = Parameters<QueueStore["enqueue"]>[0];

/** A text for this instance, due at once. */
export function queuedText(
  instanceId: string,
  words: string,
  over: Partial<EnqueueInput["message"]> = {},
): EnqueueInput["message"] {
  return {
    zaapId: newZaapId(),
    instanceId,
    messageId: newMessageId(),
    outgoing: { to: "5511900000002@s.whatsapp.net", content: { kind: "text", text: words }, options: {} },
    dueAt: t0,
    typingMs: 0,
    createdAt: t0,
    ...over,
  };
}

/** Removes the rows of sent and canceled messages, and nothing else. */
export async function forgetSent(store: Store, now: number): Promise<void> {
  const never = 36_500 * 86_400_000;
  const policy = {
    deliveredEventsMs: never,
    deadLettersMs: never,
    sentQueueMs: 1,
    failedQueueMs: never,
    settledJournalMs: never,
    messagesMs: never,
    connectionHistoryMs: never,
  };
  await store.retention.prune({ policy, limit: 1_000, now });
}

/** The text of a message. */
export function wordsOf(message: Pick<QueuedMessage, "outgoing"> | undefined): string | undefined {
  return message?.outgoing.content.kind === "text" ? message.outgoing.content.text : undefined;
}

/** Short forms of what the tests of the queue do all the time. */
export function queueTools(store: () => Store) {
  const claim = (instanceId: string, now = t0, owner = "worker"): Promise<ClaimedMessage | undefined> =>
    store().queue.claim({ instanceId, owner, leaseMs, now });
  const settle = (message: ClaimedMessage, over: Partial<Parameters<QueueStore["settle"]>[0]> = {}): Promise<boolean> =>
    store().queue.settle({ claim: message, outcome: "sent", events: [], now: t0, ...over });
  return {
    claim,
    settle,
    add: (
      instanceId: string,
      words: string,
      over: Partial<EnqueueInput["message"]> = {},
      rest: Partial<Omit<EnqueueInput, "message">> = {},
    ) => store().queue.enqueue({ message: queuedText(instanceId, words, over), now: t0, ...rest }),
    /** The head, which must be there. */
    claimed: async (instanceId: string, now = t0): Promise<ClaimedMessage> => {
      const message = await claim(instanceId, now);
      if (message === undefined) throw new Error("there was nothing to claim");
      return message;
    },
    /** Sends what can be sent at `now`; answers the texts in their order. */
    sendAll: async (instanceId: string, now: number): Promise<readonly (string | undefined)[]> => {
      const sent: (string | undefined)[] = [];
      for (;;) {
        const message = await claim(instanceId, now);
        if (message === undefined) return sent;
        sent.push(wordsOf(message));
        await settle(message, { now });
      }
    },
    stateOf: async (instanceId: string, zaapId: string) => (await store().queue.get({ instanceId, zaapId }))?.state,
    count: (instanceId: string, states: readonly QueueState[] = waitingStates) =>
      store().queue.count({ instanceId, states }),
    /** Steps of the ledger. */
    traced: async (instanceId: string, messageId: string) =>
      (await store().messages.trace({ instanceId, messageId }))?.steps.map(({ status }) => status),
  };
}
