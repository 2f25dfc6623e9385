import { sleep } from "#lib/sleep.ts";
import type { LiveSocket } from "../live-socket.ts";

/** Questions that WhatsApp may have stopped to answer. */
export type FadingQuestion = "catalogue" | "channel";

/**
 * The answer to a question that a message can do without; undefined when none comes within `limitMs` (milliseconds).
 * Once it was silent the next messages do not wait for it again, for a while. Throws what the question throws.
 */
export async function answeredIn<T>(
  { silent }: Pick<LiveSocket, "silent">,
  question: {
    readonly name: FadingQuestion;
    readonly limitMs: number;
    readonly ask: (signal: AbortSignal) => Promise<T>;
  },
  signal: AbortSignal,
): Promise<T | undefined> {
  const { name, limitMs, ask } = question;
  if (silent.get(name) === true) return undefined;
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const asked = ask(either);
  // What comes after the limit has nobody left to tell.
  asked.catch(() => {});
  try {
    const answer = await Promise.race([
      asked.then((value) => ({ value })),
      sleep(limitMs, either).then(() => undefined),
    ]);
    if (answer === undefined && !signal.aborted) silent.set(name, true);
    return answer?.value;
  } finally {
    over.abort();
  }
}
