/** Runs work one at a time for each key. */
export interface KeyedLock {
  readonly run: <T>(key: string, work: () => Promise<T>) => Promise<T>;
}

/** A lock that holds an entry for a key only while somebody works or waits. */
export function createKeyedLock(): KeyedLock {
  const last = new Map<string, Promise<void>>();
  return {
    run: async (key, work) => {
      const before = last.get(key);
      const { promise: done, resolve } = Promise.withResolvers<void>();
      last.set(key, done);
      await before;
      try {
        return await work();
      } finally {
        if (last.get(key) === done) last.delete(key);
        resolve();
      }
    },
  };
}
