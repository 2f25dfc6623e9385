import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** A process of the bench that is asked one thing at a time. Disposing ends it. */
export interface Helper extends AsyncDisposable {
  readonly pid: number;
  /** Resolves with the answer; rejects with the message of what failed over there. */
  readonly ask: <T>(question: string, input?: object) => Promise<T>;
}

/** What a helper's own process knows to answer, by question. */
export type Answers = Readonly<Record<string, (input: never) => Promise<unknown>>>;

interface Reply {
  readonly value?: unknown;
  readonly error?: string;
}

/** Starts a file of this directory in a process of its own. */
export function startHelper(file: string): Helper {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  return {
    pid: child.pid!,
    ask: async <T>(question: string, input: object = {}) => {
      child.send({ question, input });
      const { value, error } = await replyOf(child, question);
      if (error !== undefined) throw new Error(`${file} ${question}: ${error}`);
      // Both ends are of this directory.
      return value as T;
    },
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

async function replyOf(child: ChildProcess, question: string): Promise<Reply> {
  const settled = new AbortController();
  const { signal } = settled;
  const ended = once(child, "exit", { signal }).then(() => ({ error: `ended before it answered ${question}` }));
  const reply = once(child, "message", { signal }).then(([message]) => message as Reply);
  // The one that comes second is called off.
  for (const one of [ended, reply]) one.catch(() => {});
  try {
    return await Promise.race([reply, ended]);
  } finally {
    settled.abort();
  }
}

/** The other end: answers the questions this process is asked. */
export function answerQuestions(answers: Answers): void {
  process.on("message", (asked: { question: string; input: never }) => {
    void (async () => {
      try {
        process.send?.({ value: await answers[asked.question]?.(asked.input) } satisfies Reply);
      } catch (error) {
        process.send?.({ error: String(error) } satisfies Reply);
      }
    })();
  });
  process.on("disconnect", () => process.exit());
}
