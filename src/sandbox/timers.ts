import type { Log } from "#lib/log.ts";

/** Things that are to happen later. */
export interface Timers {
  /** After `ms`, or at once for 0; a task that fails is logged. What is answered takes it back. */
  readonly later: (ms: number, task: () => Promise<void> | void) => () => void;
  /** Forgets everything that has not begun. */
  readonly clear: () => void;
}

/** Nothing is planned yet. */
export function createTimers(log: Log): Timers {
  const planned = new Set<NodeJS.Timeout>();
  const run = async (task: () => Promise<void> | void): Promise<void> => {
    try {
      await task();
    } catch (error) {
      log.warn({ error }, "sandbox: something planned could not be done");
    }
  };
  return {
    later(ms, task) {
      if (ms <= 0) {
        void run(task);
        return () => {};
      }
      const timer = setTimeout(() => {
        planned.delete(timer);
        void run(task);
      }, ms);
      planned.add(timer);
      return () => {
        clearTimeout(timer);
        planned.delete(timer);
      };
    },
    clear() {
      for (const timer of planned) clearTimeout(timer);
      planned.clear();
    },
  };
}
