/** Work that must not overlap, in the order it was given. */
export interface Serial {
  /** Runs the task once all given before have ended; a task that fails does not stop those behind it. */
  run<T>(task: () => Promise<T>): Promise<T>;
}

/** An empty line of work. */
export function createSerial(): Serial {
  let last: Promise<unknown> = Promise.resolve();
  return {
    async run(task) {
      const mine = last.then(task);
      // Whoever asked for the task sees its failure; the line only needs to know that it ended.
      last = mine.then(noop, noop);
      return mine;
    },
  };
}

const noop = (): void => undefined;
